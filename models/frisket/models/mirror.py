"""A picture and its mirror image: two looks with the same weights, one steadier answer."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .lazy import LazyMasks
from .types import Box, Coarse, Mask, Picture, Point, Prompt, Stroke

#: How far from what the first answer leaves open the second counts, in the model's own pixels.
#: Nearer, hair gains less; everywhere, the mirror image may add or drop whole things.
_REACH = 8
_SURE = (5, 250)


def mirrored(image: Picture) -> Picture:
    """The picture flipped left to right."""
    return np.ascontiguousarray(image[:, ::-1])


def mirrored_prompt(prompt: Prompt | None, width: int) -> Prompt | None:
    """A prompt for the mirror image of a picture ``width`` pixels wide."""
    if prompt is None:
        return None
    boxes = tuple(Box(width - b.right, b.top, width - b.left, b.bottom) for b in prompt.boxes)
    points = tuple(Point(width - 1 - p.x, p.y, p.positive) for p in prompt.points)
    strokes = tuple(
        Stroke(tuple((width - 1 - x, y) for x, y in s.line), s.positive) for s in prompt.strokes
    )
    return Prompt(boxes, points, prompt.classes, strokes)


def averaged(plain: Coarse, mirror: Coarse) -> Coarse:
    """The mean of a model's answers for a picture and for its mirror image, along outlines.

    Elsewhere the plain answer stands: what belongs to the subject is not decided by a mean.

    Args:
        plain: for the picture.
        mirror: for ``mirrored(picture)``, not flipped back.

    Returns:
        Where only one found a subject, that one's answer stands.
    """
    if plain.empty and mirror.empty:
        return plain
    if mirror.empty or plain.empty:
        return plain if mirror.empty else _flipped(mirror)
    back = _flipped(mirror)
    layers = LazyMasks(
        tuple(plain.layers),
        lambda name: _mixed(plain.layers[name], back.layers[name], plain.cell_px),
    )
    alpha = _mixed(plain.alpha, back.alpha, plain.cell_px)
    confidence = (plain.confidence + mirror.confidence) / 2
    return replace(plain, alpha=alpha, layers=layers, confidence=confidence)


def _flipped(coarse: Coarse) -> Coarse:
    layers = LazyMasks(tuple(coarse.layers), lambda name: mirrored(coarse.layers[name]))
    return replace(coarse, alpha=mirrored(coarse.alpha), layers=layers)


def _mixed(plain: Mask, back: Mask, cell: float) -> Mask:
    share = _near_outlines(plain, cell) / 2
    return np.asarray(np.rint(plain + share * (back.astype(np.float32) - plain)), np.uint8)


def _near_outlines(alpha: Mask, cell: float) -> Picture:
    """(h, w) float32: 1 near anything between 0 and 255, fading to 0 beyond the reach."""
    height, width = alpha.shape
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    outline = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) >= 128
    open_ = outline | ((small > _SURE[0]) & (small < _SURE[1]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _REACH + 1, 2 * _REACH + 1))
    near = cv2.dilate(open_.astype(np.float32), disc)
    return np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR))
