"""The values of the engine."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput

Bytes = NDArray[Any]
"""uint8 samples."""
Float = NDArray[Any]
"""float32 values."""
Pixels = NDArray[Any]
"""uint8 or uint16 samples."""


class Quality(enum.Enum):
    """How much work the edge gets; BEST solves as HIGH and leaves a wider band to a refiner."""

    DRAFT = "draft"
    STANDARD = "standard"
    HIGH = "high"
    BEST = "best"


@dataclass(frozen=True)
class EdgeControls:
    """What a retoucher may do to the edge; the defaults change nothing.

    Attributes:
        shift_px: positive expands, negative contracts; pixels of the layer, -100..100.
        feather_px: sigma of a blur of the edge; pixels of the layer, 0..100.
        contrast: steeper (towards 1) or softer (towards -1) ramp.
        smooth: rounds the outline, 0..1.
        fill_holes: holes smaller than this share of the subject are filled, 0..1.
        drop_specks: specks smaller than this share of the subject are dropped, 0..1.
    """

    shift_px: float = 0.0
    feather_px: float = 0.0
    contrast: float = 0.0
    smooth: float = 0.0
    fill_holes: float = 0.0
    drop_specks: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "shift_px": (-100, 100),
            "feather_px": (0, 100),
            "contrast": (-1, 1),
            "smooth": (0, 1),
            "fill_holes": (0, 1),
            "drop_specks": (0, 1),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise BadInput(f"{name} must lie between {low} and {high}.")

    @property
    def neutral(self) -> bool:
        """True when nothing is to be changed."""
        return self == EdgeControls()


@dataclass(frozen=True)
class HintBox:
    """A rectangle around the subject, in pixels; its far edges are outside."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class HintPoint:
    """A pixel that is the subject (positive) or is not."""

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, eq=False)
class Scribble:
    """A line drawn with a round brush, in pixels.

    Attributes:
        line: (points, 2), x and y; a sequence of pairs becomes one.
        radius: half the brush's width.
        positive: whether it lies over the subject.
    """

    line: NDArray[Any]
    radius: float = 4.0
    positive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", np.asarray(self.line).reshape(-1, 2))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scribble):
            return NotImplemented
        same = self.radius == other.radius and self.positive == other.positive
        return same and np.array_equal(self.line, other.line)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Hints:
    """What the user says about the subject, in pixels of one raster: the layer or its proxy.

    Attributes:
        trimap: (h, w) of the proxy: 0 background, 255 foreground, anything else unknown.
        prior: (h, w) of the proxy, 0..255: a selection or an existing mask.
    """

    boxes: tuple[HintBox, ...] = ()
    points: tuple[HintPoint, ...] = ()
    scribbles: tuple[Scribble, ...] = ()
    trimap: Bytes | None = None
    prior: Bytes | None = None

    @property
    def empty(self) -> bool:
        """True when nothing is said."""
        drawn = self.boxes or self.points or self.scribbles
        return not drawn and self.trimap is None and self.prior is None


@dataclass(frozen=True)
class LinearMatte:
    """Alpha as a local linear function of colour, on a grid over the layer.

    alpha(p) = a(p) . colour(p) + b(p), colour and alpha in 0..1, with ``a`` and ``b``
    interpolated between the grid's cells (He et al., "Guided Image Filtering", ECCV 2010;
    He and Sun, "Fast Guided Filter", 2015).

    Attributes:
        a: (h, w, 3) float32.
        b: (h, w) float32.
        known: (h, w): 0 and 255 where a is 0 and b is 0 or 1; 128 in the band.
        layer_width, layer_height: pixels of the layer.
        method: how it was solved, with any fall-back taken, in one sentence.
        alpha: (h, w), 0..255: the solved alpha at the grid itself, for display.
    """

    a: Float
    b: Float
    known: Bytes
    layer_width: int
    layer_height: int
    method: str
    alpha: Bytes
