"""From a picture to an alpha: view, predict, solve, plan, refine, assess.

No gRPC, no protobuf, no threads and no models of its own: a caller brings them.
"""

from .errors import BadInput, MattingError, UnknownClass
from .hint_scaling import check_hints
from .inference import Picture, check_classes
from .options import MattingOptions
from .pipeline import Matting, RefinerSpec, explain_lack
from .refinement import (
    Compute,
    DirectRefinement,
    FinishedTile,
    Patch,
    ReadPixels,
    Refinement,
    RefinePatch,
    WindowedRefinement,
    start_refinement,
)
from .solution import Solution
from .whole import (
    MattedPicture,
    Runners,
    frame_picture,
    matte_picture,
    matte_whole,
    predict,
    predict_next,
)

__all__ = [
    "BadInput",
    "Compute",
    "DirectRefinement",
    "FinishedTile",
    "MattedPicture",
    "Matting",
    "MattingError",
    "MattingOptions",
    "Patch",
    "Picture",
    "ReadPixels",
    "RefinePatch",
    "Refinement",
    "RefinerSpec",
    "Runners",
    "Solution",
    "UnknownClass",
    "WindowedRefinement",
    "check_classes",
    "check_hints",
    "explain_lack",
    "frame_picture",
    "matte_picture",
    "matte_whole",
    "predict",
    "predict_next",
    "start_refinement",
]
