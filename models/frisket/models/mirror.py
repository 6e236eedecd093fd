"""A picture and its mirror image: two looks with the same weights, one steadier answer."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .core.lazy import LazyMasks
from .core.types import Array, Coarse, Float, Mask, Picture, Prompt

#: How far from what the first answer leaves open the second counts, in the model's own pixels.
#: Nearer, hair gains less; everywhere, the mirror image may add or drop whole things.
_REACH = 8
_SURE = (5, 250)


def mirror_picture(image: Picture) -> Picture:
    """Return the picture flipped left to right."""
    return np.ascontiguousarray(image[:, ::-1])


def mirror_prompt(prompt: Prompt | None, width: int) -> Prompt | None:
    """Return the prompt for the mirror image of a picture ``width`` pixels wide.

    Only places change; whatever else a prompt or a part of it carries stays.
    """
    if prompt is None:
        return None
    return replace(
        prompt,
        boxes=tuple(replace(b, left=width - b.right, right=width - b.left) for b in prompt.boxes),
        points=tuple(replace(p, x=width - 1 - p.x) for p in prompt.points),
        strokes=tuple(replace(s, line=_mirror_line(s.line, width)) for s in prompt.strokes),
    )


def _mirror_line(line: Array, width: int) -> Array:
    return np.column_stack([width - 1 - line[:, 0], line[:, 1]])


def average_mirrored(plain: Coarse, mirror: Coarse) -> Coarse:
    """Return the mean of a model's answers for a picture and its mirror image, along outlines.

    Elsewhere the plain answer stands: what belongs to the subject is not decided by a mean.

    Args:
        plain: for the picture.
        mirror: for ``mirror_picture(picture)``, not flipped back.

    Returns:
        Where only one found a subject, that one's answer stands.
    """
    if plain.empty and mirror.empty:
        return plain
    if mirror.empty or plain.empty:
        return plain if mirror.empty else _flip_back(mirror)
    back = _flip_back(mirror)
    layers = LazyMasks(
        tuple(plain.layers),
        lambda name: _mix(plain.layers[name], back.layers[name], plain.cell_px),
    )
    alpha = _mix(plain.alpha, back.alpha, plain.cell_px)
    confidence = (plain.confidence + mirror.confidence) / 2
    return replace(plain, alpha=alpha, layers=layers, confidence=confidence)


def _flip_back(coarse: Coarse) -> Coarse:
    layers = LazyMasks(tuple(coarse.layers), lambda name: mirror_picture(coarse.layers[name]))
    return replace(coarse, alpha=mirror_picture(coarse.alpha), layers=layers)


def _mix(plain: Mask, back: Mask, cell: float) -> Mask:
    share = _find_outlines(plain, cell) / 2
    return np.asarray(np.rint(plain + share * (back.astype(np.float32) - plain)), np.uint8)


def _find_outlines(alpha: Mask, cell: float) -> Float:
    """Return (h, w) float32: 1 near anything between 0 and 255, fading to 0 beyond the reach."""
    height, width = alpha.shape
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    outline = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) >= 128
    open_ = outline | ((small > _SURE[0]) & (small < _SURE[1]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _REACH + 1, 2 * _REACH + 1))
    near = cv2.dilate(open_.astype(np.float32), disc)
    return np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR))
