"""Boxes and points, drawn as GrabCut labels on a reduced picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BadPrompt
from ..types import Mask, Prompt

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Marks:
    """What the user said: ``outside`` every box, ``yes`` and ``no`` around the points."""

    boxed: bool
    outside: Bool
    core: Bool
    yes: Bool
    no: Bool

    def apply(self, labels: Mask) -> None:
        """Overrule GrabCut labels in place; points speak louder than boxes."""
        if self.boxed:
            labels[~self.outside] = cv2.GC_PR_FGD
            labels[self.outside] = cv2.GC_BGD
        labels[self.no] = cv2.GC_BGD
        labels[self.yes] = cv2.GC_FGD

    def keep(self, inside: Bool) -> Bool:
        """Only pieces that a positive point or a box touches."""
        count, names = cv2.connectedComponents(inside.astype(np.uint8))
        wanted = np.zeros(count, bool)
        wanted[np.unique(names[self.yes])] = True
        if self.boxed:
            wanted[np.unique(names[~self.outside])] = True
        elif not self.yes.any():
            wanted[:] = True
        wanted[0] = False
        return np.asarray(wanted[names])


def check(prompt: Prompt, size: tuple[int, int]) -> None:
    """Every box and point lies in a picture of ``size`` (height, width).

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


def _discs(
    prompt: Prompt, positive: bool, scale: tuple[float, float], shape: tuple[int, int]
) -> Bool:
    drawn = np.zeros(shape, np.uint8)
    for point in prompt.points:
        if point.positive is positive:
            at = (int(point.x * scale[1]), int(point.y * scale[0]))
            cv2.circle(drawn, at, max(2, max(shape) // 80), 1, -1)
    return drawn > 0


def marks(prompt: Prompt, size: tuple[int, int], shape: tuple[int, int]) -> Marks:
    """Labels on a raster of ``shape`` for a prompt in pixels of a picture of ``size``."""
    check(prompt, size)
    scale = (shape[0] / size[0], shape[1] / size[1])
    outside, core = np.ones(shape, bool), np.zeros(shape, bool)
    for box in prompt.boxes:
        top, left = int(max(0, box.top) * scale[0]), int(max(0, box.left) * scale[1])
        bottom = int(np.ceil(box.bottom * scale[0]))
        right = int(np.ceil(box.right * scale[1]))
        outside[top:bottom, left:right] = False
        h, w = bottom - top, right - left
        core[top + h // 4 : bottom - h // 4, left + w // 4 : right - w // 4] = True
    return Marks(
        bool(prompt.boxes),
        outside if prompt.boxes else ~outside,
        core,
        _discs(prompt, True, scale, shape),
        _discs(prompt, False, scale, shape),
    )
