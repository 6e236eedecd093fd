"""Where a subject goes on its canvas: boxes, lengths and placements, without pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

SIDES = ("left", "top", "right", "bottom")
# Where the subject lies in the room that is left: shares across and down.
ALIGNMENTS = {
    "centre": (0.5, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0), "left": (0.0, 0.5),
    "right": (1.0, 0.5), "top-left": (0.0, 0.0), "top-right": (1.0, 0.0),
    "bottom-left": (0.0, 1.0), "bottom-right": (1.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Length:
    """A length in pixels, or as a share of something.

    Attributes:
        value: pixels, or a share where 1 is the whole.
        relative: whether it is a share.
    """

    value: float
    relative: bool = False

    def measure(self, whole: float) -> float:
        """Return the length in pixels, where the whole has this many."""
        return self.value * whole if self.relative else self.value


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels: left and top inside, right and bottom outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def side(self) -> int:
        """The longer side."""
        return max(self.width, self.height)

    def grow(self, pixels: int, width: int, height: int) -> Box:
        """Return the box with more on every side, as far as a picture of this size reaches."""
        return Box(
            max(0, self.left - pixels),
            max(0, self.top - pixels),
            min(width, self.right + pixels),
            min(height, self.bottom + pixels),
        )

    def touch(self, width: int, height: int) -> frozenset[str]:
        """Return the sides of a picture of this size that the box reaches."""
        reached = (self.left <= 0, self.top <= 0, self.right >= width, self.bottom >= height)
        return frozenset(side for side, is_there in zip(SIDES, reached, strict=True) if is_there)


@dataclass(frozen=True)
class Placement:
    """How a picture lies on a canvas.

    Attributes:
        width, height: of the canvas.
        scale: the size of the picture on it, where 1 is its own.
        x, y: where its top left lies, in pixels of the canvas; may be negative.
    """

    width: int
    height: int
    scale: float
    x: int
    y: int

    def place(self, box: Box) -> Box:
        """Return where a box of the picture lies, as far as the canvas reaches."""
        return Box(
            _clip(math.floor(box.left * self.scale + self.x), self.width),
            _clip(math.floor(box.top * self.scale + self.y), self.height),
            _clip(math.ceil(box.right * self.scale + self.x), self.width),
            _clip(math.ceil(box.bottom * self.scale + self.y), self.height),
        )


def _clip(value: int, most: int) -> int:
    return min(max(value, 0), most)


def place_crop(
    box: Box,
    touched: frozenset[str],
    margin: Length,
    aspect: float | None = None,
    align: str = "centre",
) -> Placement:
    """Return a canvas around a subject, in the picture's own size.

    Args:
        box: of the subject.
        touched: sides of the picture that cut the subject off; there it keeps to the canvas's edge,
            for a margin would show the cut.
        margin: around it; a share is one of the subject's longer side.
        aspect: width by height of the canvas, which grows to it.
        align: one of `ALIGNMENTS`: where the subject lies in what the canvas grows by.
    """
    around = max(0, round(margin.measure(box.side)))
    left, top, right, bottom = (0 if side in touched else around for side in SIDES)
    inner = (box.width + left + right, box.height + top + bottom)
    width, height = _fit_aspect(*inner, aspect)
    share_x, share_y = align_touched(align, touched)
    x = left + round((width - inner[0]) * share_x) - box.left
    y = top + round((height - inner[1]) * share_y) - box.top
    return Placement(width, height, 1.0, x, y)


def _fit_aspect(width: int, height: int, aspect: float | None) -> tuple[int, int]:
    if aspect is None:
        return width, height
    if width < height * aspect:
        return max(width, round(height * aspect)), height
    return width, max(height, round(width / aspect))


def align_touched(align: str, touched: frozenset[str]) -> tuple[float, float]:
    """Return shares across and down; a subject that one side cuts off keeps to that side."""
    x, y = ALIGNMENTS[align]
    across, down = touched & {"left", "right"}, touched & {"top", "bottom"}
    if len(across) == 1:
        x = 0.0 if "left" in across else 1.0
    if len(down) == 1:
        y = 0.0 if "top" in down else 1.0
    return x, y


@dataclass(frozen=True)
class Fill:
    """How much of a canvas a subject fills.

    Attributes:
        share: above 0, at most 1.
        by: the side that is measured: "width", "height", or "box" for the one that is met first.
        align: one of `ALIGNMENTS`.
    """

    share: float = 1.0
    by: str = "box"
    align: str = "centre"


def measure_fill(box: Box, width: int, height: int, fill: Fill) -> float:
    """Return the scale at which a subject fills a canvas of this size as asked."""
    across, down = width * fill.share / box.width, height * fill.share / box.height
    return {"width": across, "height": down, "box": min(across, down)}[fill.by]


def place_fill(box: Box, touched: frozenset[str], width: int, height: int, fill: Fill) -> Placement:
    """Return a subject on a canvas of a given size.

    Args:
        box: of the subject.
        touched: sides of the picture that cut the subject off; it keeps to those of the canvas.
        width: of the canvas.
        height: of the canvas.
        fill: how much of it the subject fills. The margin that its share leaves is kept on the
            sides that it is aligned to, too.
    """
    scale = measure_fill(box, width, height, fill)
    share_x, share_y = align_touched(fill.align, touched)
    left, right = (_keep_margin(width, fill, side in touched) for side in ("left", "right"))
    top, bottom = (_keep_margin(height, fill, side in touched) for side in ("top", "bottom"))
    across = (width - left - right) - box.width * scale
    down = (height - top - bottom) - box.height * scale
    x = left + across * share_x - box.left * scale
    y = top + down * share_y - box.top * scale
    return Placement(width, height, scale, round(x), round(y))


def _keep_margin(whole: int, fill: Fill, is_touched: bool) -> float:
    return 0.0 if is_touched else whole * (1 - fill.share) / 2


def shrink_canvas(width: int, height: int, by: float, minimum: int) -> tuple[int, int]:
    """Return a canvas of the same ratio that is smaller, its longer side at least the minimum.

    Args:
        width: of the canvas that was asked for.
        height: of it.
        by: what its sides are multiplied by; at most 1.
        minimum: of the longer side, in pixels.
    """
    longer = max(width, height)
    share = max(min(1.0, by), min(1.0, minimum / longer))
    return max(1, round(width * share)), max(1, round(height * share))
