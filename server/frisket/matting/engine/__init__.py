"""The engine: solve on the proxy, carry to full resolution, foreground colours, assessment.

It opens no model and no file, and knows nothing of sessions and the wire.
"""

from .assess import Assessment, Subject, assess
from .carry import plan, refine
from .changes import changed_tiles
from .foreground import ForegroundColours, clean_colours, prepare_colours
from .hints import apply_hints
from .normalise import check_normalisation, normalise_picture
from .pace import set_pace
from .solve import Settled, open_band, settle_hints, solve, solve_settled
from .types import (
    EdgeControls,
    HintBox,
    HintPoint,
    Hints,
    LinearMatte,
    Quality,
    Scribble,
)
from .windows import Windows, blend_windows, interpolate_trimap, layout_windows

__all__ = [
    "Assessment",
    "EdgeControls",
    "ForegroundColours",
    "HintBox",
    "HintPoint",
    "Hints",
    "LinearMatte",
    "Quality",
    "Scribble",
    "Settled",
    "Subject",
    "Windows",
    "apply_hints",
    "assess",
    "blend_windows",
    "changed_tiles",
    "check_normalisation",
    "clean_colours",
    "interpolate_trimap",
    "layout_windows",
    "normalise_picture",
    "open_band",
    "plan",
    "prepare_colours",
    "refine",
    "set_pace",
    "settle_hints",
    "solve",
    "solve_settled",
]
