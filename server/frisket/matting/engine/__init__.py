"""The engine: solve on the proxy, carry to full resolution, foreground colours, assessment.

It knows nothing of models, sessions and the wire, and opens no file.
"""

from .assess import Assessment, Subject, assess
from .carry import plan, refine
from .changes import changed_tiles
from .foreground import ForegroundColours, colours, prepare_colours
from .hints import heeded
from .normalise import normalised
from .solve import solve
from .types import (
    EdgeControls,
    HintBox,
    HintPoint,
    Hints,
    LinearMatte,
    Quality,
    Scribble,
)
from .windows import Windows, blended, laid_out, trimap_of

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
    "Subject",
    "Windows",
    "assess",
    "blended",
    "changed_tiles",
    "colours",
    "heeded",
    "laid_out",
    "normalised",
    "plan",
    "prepare_colours",
    "refine",
    "solve",
    "trimap_of",
]
