"""Boxes and points, drawn as GrabCut labels on a reduced picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import BadPrompt
from ..core.types import Prompt

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Marks:
    """What the user said: ``outside`` every box, ``yes`` and ``no`` around the points."""

    boxed: bool
    outside: Bool
    yes: Bool
    no: Bool

    def keep(self, inside: Bool) -> Bool:
        """Keep only pieces that a positive point or a box touches."""
        count, names = cv2.connectedComponents(inside.astype(np.uint8))
        wanted = np.zeros(count, bool)
        wanted[np.unique(names[self.yes])] = True
        if self.boxed:
            wanted[np.unique(names[~self.outside])] = True
        elif not self.yes.any():
            wanted[:] = True
        wanted[0] = False
        return np.asarray(wanted[names])


def check_places(prompt: Prompt, size: tuple[int, int]) -> None:
    """Check that every box and point lies in a picture of ``size`` (height, width).

    Raises:
        BadPrompt: it names the one that does not.
    """
    high, wide = size
    for box in prompt.boxes:
        if box.right <= box.left or box.bottom <= box.top:
            raise BadPrompt(f"The box {box.left:g},{box.top:g} has no area.")
        if box.right <= 0 or box.bottom <= 0 or box.left >= wide or box.top >= high:
            raise BadPrompt(f"The box {box.left:g},{box.top:g} lies outside the picture.")
    for point in prompt.points:
        if not (0 <= point.x < wide and 0 <= point.y < high):
            raise BadPrompt(f"The point {point.x:g},{point.y:g} lies outside the picture.")


def draw_marks(
    prompt: Prompt,
    size: tuple[int, int],
    shape: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
    whole: tuple[int, int] | None = None,
) -> Marks:
    """Draw labels on a raster for a prompt in pixels of a picture.

    Args:
        prompt: boxes and points.
        size: (height, width) of the picture.
        shape: (height, width) of the raster.
        corner: (left, top) of the part of the picture that the raster shows.
        whole: (height, width) of that part; None means all of the picture.

    Raises:
        BadPrompt: a box or point lies outside the picture.
    """
    check_places(prompt, size)
    part = whole or size
    scale = (shape[0] / part[0], shape[1] / part[1])
    outside = np.full(shape, bool(prompt.boxes))
    for box in prompt.boxes:
        top = max(0, round((box.top - corner[1]) * scale[0]))
        left = max(0, round((box.left - corner[0]) * scale[1]))
        bottom = max(top + 1, round((box.bottom - corner[1]) * scale[0]))
        right = max(left + 1, round((box.right - corner[0]) * scale[1]))
        outside[top:bottom, left:right] = False
    drawn = [_draw_discs(prompt, positive, scale, shape, corner) for positive in (True, False)]
    return Marks(bool(prompt.boxes), outside, drawn[0], drawn[1])


def _draw_discs(
    prompt: Prompt,
    positive: bool,
    scale: tuple[float, float],
    shape: tuple[int, int],
    corner: tuple[int, int],
) -> Bool:
    drawn = np.zeros(shape, np.uint8)
    for point in prompt.points:
        if point.positive is positive:
            at = (int((point.x - corner[0]) * scale[1]), int((point.y - corner[1]) * scale[0]))
            cv2.circle(drawn, at, max(1, max(shape) // 80), 1, -1)
    return np.asarray(drawn > 0)
