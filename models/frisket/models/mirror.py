"""A picture and its mirror image: two looks with the same weights, one steadier answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .lazy import LazyMasks
from .types import Box, Coarse, Picture, Point, Prompt, Stroke


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
    """The mean of a model's answers for a picture and for its mirror image.

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
        tuple(plain.layers), lambda name: _mean(plain.layers[name], back.layers[name])
    )
    confidence = (plain.confidence + mirror.confidence) / 2
    return replace(
        plain, alpha=_mean(plain.alpha, back.alpha), layers=layers, confidence=confidence
    )


def _flipped(coarse: Coarse) -> Coarse:
    layers = LazyMasks(tuple(coarse.layers), lambda name: mirrored(coarse.layers[name]))
    return replace(coarse, alpha=mirrored(coarse.alpha), layers=layers)


def _mean(a: Picture, b: Picture) -> Picture:
    return ((a.astype(np.uint16) + b + 1) // 2).astype(np.uint8)
