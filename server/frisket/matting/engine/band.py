"""Where the matte is still open: the band around what the model is unsure of."""

from __future__ import annotations

import cv2
import numpy as np

from . import trust
from .types import Bytes, Float

UNSURE = (5, 250)
"""Coarse values between these are open: even a faint answer marks hair."""
_HAZY = 0.35  # share of indecision above which an outline is no plain one


def _make_disc(radius: int) -> Bytes:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def dilate_disc(mask: Bytes, radius: int) -> Bytes:
    """Dilate a mask by a disc; large discs as several small ones, which is far quicker."""
    while radius > 0:
        step = min(radius, 7)
        mask = np.asarray(cv2.dilate(mask, _make_disc(step)), np.uint8)
        radius -= step
    return mask


def find_band(alpha: Bytes, reach: float) -> Bytes:
    """Return the trimap of a coarse alpha.

    Args:
        alpha: (h, w), 0..255.
        reach: how far the band goes beyond what is unsure, in pixels of ``alpha``.

    Returns:
        (h, w): 0, 255, and 128 near anything unsure and near every outline, so that
        thin structures and holes that the model saw at all stay open.
    """
    unsure = ((alpha > UNSURE[0]) & (alpha < UNSURE[1])).astype(np.uint8)
    inside = (alpha >= 128).astype(np.uint8)
    outline = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _make_disc(1))
    wide = dilate_disc(np.maximum(unsure, outline), max(2, round(reach)))
    return np.where(wide > 0, 128, np.where(inside > 0, 255, 0)).astype(np.uint8)


def widen_band(trimap: Bytes, alpha: Bytes, cell: float, reach: float) -> Bytes:
    """Return a trimap that is open farther around hair and the like, of which more may be there.

    Args:
        trimap: (h, w) of `find_band`.
        alpha: (h, w) the coarse alpha, 0..255.
        cell: the model's own pixel in pixels of ``alpha``.
        reach: how far from what the model leaves undecided in a wide place, in its own pixels.
    """
    hazy = trust.measure_indecision(alpha.astype(np.float32) / np.float32(255), cell) > _HAZY
    unsure = hazy & (alpha > UNSURE[0]) & (alpha < UNSURE[1])
    away = cv2.distanceTransform((~unsure).astype(np.uint8), cv2.DIST_L2, 5)
    return np.where(away <= reach * cell, np.uint8(128), trimap)


def settle_trimap(trimap: Bytes, alpha: Float, margin: int, least: float = 1 / 255) -> Bytes:
    """Return the trimap after solving: what came out as 0 or 1, and all around it, is known.

    Args:
        trimap: (h, w) before solving.
        alpha: (h, w) float32, solved.
        margin: cells around anything between 0 and 1 that stay open.
        least: what is nearer to 0 or 1 came out as that.
    """
    between = ((alpha > least) & (alpha < 1 - least)).astype(np.uint8)
    inside = (alpha >= 0.5).astype(np.uint8)
    outline = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _make_disc(1))
    near = dilate_disc(np.maximum(between, outline), margin) > 0
    still = (trimap == 128) & near
    return np.where(still, 128, inside * 255).astype(np.uint8)
