"""Steps that choose the canvas: a crop around the subject, or a size that it fills."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from .errors import BadFinish
from .geometry import (
    Fill,
    Length,
    Placement,
    measure_fill,
    place_crop,
    place_fill,
    shrink_canvas,
)
from .place import place_subject
from .presets import Preset, find_preset
from .scene import Facts, Scene
from .words import MOST_SIDE_PX

_SIZE = re.compile(r"(\d{1,6})\s*[x×]\s*(\d{1,6})")
_CUT = (
    "the picture cuts the subject off at its {} edge: the subject keeps to that edge of the canvas"
)


@dataclass(frozen=True)
class Crop:
    """A canvas around the subject, in the picture's own size.

    Attributes:
        margin: around the subject; a share is one of its longer side.
        aspect: width by height, or None for that of the subject.
        align: one of `ALIGNMENTS`.
        minimum: pixels that the canvas's longer side has at least; 0 for any.
        upsample: whether the picture may be enlarged for that.
    """

    margin: Length = field(default_factory=lambda: Length(0.0))
    aspect: float | None = None
    align: str = "centre"
    minimum: int = 0
    upsample: bool = False

    def check(self, facts: Facts) -> None:
        """Accept everything: what fits is known with the subject."""

    def apply(self, scene: Scene) -> Scene:
        """Return the subject on its canvas, with a note where the picture cuts it off.

        Raises:
            BadFinish: the canvas would be too large, or too small and may not be enlarged.
        """
        placed = place_crop(scene.box, scene.touched, self.margin, self.aspect, self.align)
        longer = max(placed.width, placed.height)
        if longer < self.minimum:
            placed = self._enlarge(placed, self.minimum / longer)
        return settle(scene, placed)

    def _enlarge(self, placed: Placement, scale: float) -> Placement:
        if not self.upsample:
            raise BadFinish(
                f"The subject with its margin has {placed.width} × {placed.height} pixels, and "
                f"{self.minimum} are asked for: add --upsample to have it enlarged {scale:.2f} "
                "times, or ask for fewer"
            )
        return Placement(
            round(placed.width * scale), round(placed.height * scale), scale,
            round(placed.x * scale), round(placed.y * scale),
        )  # fmt: skip


@dataclass(frozen=True)
class Canvas:
    """A canvas of a given size that the subject fills.

    Attributes:
        width, height: pixels.
        fill: how much of it the subject fills, and where it lies.
        minimum: pixels that the longer side may shrink to where the subject has fewer than it
            needs; 0 for none.
        upsample: whether the picture may be enlarged instead.
        dpi: dots an inch that the file tells of; 0 for the document's.
    """

    width: int
    height: int
    fill: Fill = Fill()
    minimum: int = 0
    upsample: bool = False
    dpi: float = 0.0

    def check(self, facts: Facts) -> None:
        """Accept everything: what fits is known with the subject."""

    def apply(self, scene: Scene) -> Scene:
        """Return the subject on its canvas; a note tells of a canvas that had to be smaller.

        Raises:
            BadFinish: the subject is too small for the canvas and may not be enlarged.
        """
        width, height = self.width, self.height
        scale = measure_fill(scene.box, width, height, self.fill)
        if scale > 1 and not self.upsample:
            width, height = self._shrink(scene, scale)
            scene = scene.note(
                f"the subject has too few pixels for a canvas of {self.width} × {self.height}: it "
                f"is {width} × {height}, so that nothing is enlarged (--upsample would)"
            )
        elif scale > 1:
            scene = scene.note(f"the picture is enlarged {scale:.2f} times, and looks soft")
        placed = place_fill(scene.box, scene.touched, width, height, self.fill)
        return replace(settle(scene, placed), dpi=self.dpi)

    def _shrink(self, scene: Scene, scale: float) -> tuple[int, int]:
        least = self.minimum or max(self.width, self.height)
        width, height = shrink_canvas(self.width, self.height, 1 / scale, least)
        if measure_fill(scene.box, width, height, self.fill) > 1.001:
            raise BadFinish(
                f"The subject has {scene.box.width} × {scene.box.height} pixels, too few for a "
                f"canvas of {width} × {height}: add --upsample to have it enlarged "
                f"{measure_fill(scene.box, width, height, self.fill):.2f} times"
            )
        return width, height


def settle(scene: Scene, placed: Placement) -> Scene:
    """Return the scene with subject and alpha in their place.

    Raises:
        BadFinish: the canvas is larger than any picture may be.
    """
    if max(placed.width, placed.height) > MOST_SIDE_PX:
        raise BadFinish(
            f"The canvas would have {placed.width} × {placed.height} pixels; a side has at most "
            f"{MOST_SIDE_PX}: ask for a smaller margin, or an aspect nearer to the subject's"
        )
    for side in sorted(scene.touched):
        scene = scene.note(_CUT.format(side))
    subject, alpha = place_subject(scene.subject, scene.alpha, placed, scene.work)
    box = placed.place(scene.box)
    return replace(scene, subject=subject, alpha=alpha, placement=placed, box=box)


def read_canvas(text: str) -> Preset:
    """Return the canvas that a text names: a preset, or WIDTHxHEIGHT.

    Raises:
        ValueError: it names none.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        return find_preset(text.strip())
    width, height = int(match[1]), int(match[2])
    if not (0 < width <= MOST_SIDE_PX and 0 < height <= MOST_SIDE_PX):
        raise ValueError(f"{text!r} is no size: a side has 1 to {MOST_SIDE_PX} pixels")
    return Preset(text.strip(), width, height)
