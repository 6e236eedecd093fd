"""Where the matte is still open: the band around what the model is unsure of."""

from __future__ import annotations

import cv2
import numpy as np

from .types import Bytes


def _disc(radius: int) -> Bytes:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def grown(mask: Bytes, radius: int) -> Bytes:
    """Dilate by a disc; large discs as several small ones, which is far quicker."""
    while radius > 0:
        step = min(radius, 7)
        mask = np.asarray(cv2.dilate(mask, _disc(step)), np.uint8)
        radius -= step
    return mask


def band(alpha: Bytes, cell: float) -> Bytes:
    """The trimap of a coarse alpha.

    Args:
        alpha: (h, w), 0..255.
        cell: the model's own pixel in pixels of ``alpha``.

    Returns:
        (h, w): 0, 255, and 128 within two of the model's pixels of anything unsure
        and of every outline.
    """
    unsure = ((alpha > 12) & (alpha < 243)).astype(np.uint8)
    inside = (alpha >= 128).astype(np.uint8)
    outline = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _disc(1))
    radius = max(2, round(2 * cell))
    wide = grown(np.maximum(unsure, outline), radius)
    return np.where(wide > 0, 128, np.where(inside > 0, 255, 0)).astype(np.uint8)
