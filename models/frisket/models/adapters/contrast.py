"""What the weight-free cuts see with: contrast, geodesic distance, GrabCut."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.types import Float, Mask, Picture

# OpenCV takes None here; its stubs do not know.
_NONE: Any = None


def reduce_picture(image: Picture, side: int) -> Picture:
    """Return the picture with its longer side at most ``side``."""
    high, wide = image.shape[:2]
    scale = side / max(high, wide)
    if scale >= 1:
        return image
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def measure_geodesic(cost: Float, seeds: NDArray[np.bool_], rounds: int = 200) -> Float:
    """Return the shortest path over (h, w) step costs from any seed, relaxed in four directions.

    Each round relaxes whole rows and columns in both directions at once; a path with
    more turns than rounds is cut short, which does not happen on pictures this small.
    """
    far = np.where(seeds, 0.0, 1e9).astype(np.float32)
    for _ in range(rounds):
        before = far.copy()
        for axis in (0, 1):
            for flip in (False, True):
                far = _sweep(far, cost, axis, flip)
        if np.array_equal(before, far):
            break
    return far


def _sweep(far: Float, cost: Float, axis: int, flip: bool) -> Float:
    """Relax along an axis once: min over i<=j of far[i] + cost[i+1..j], by running sums."""
    d, c = (np.flip(far, axis), np.flip(cost, axis)) if flip else (far, cost)
    total = np.cumsum(c, axis=axis, dtype=np.float64)
    best = np.minimum.accumulate(d - total, axis=axis) + total
    best = np.asarray(best, np.float32)
    return np.flip(best, axis) if flip else best


def mark_border(shape: tuple[int, ...], width: int) -> NDArray[np.bool_]:
    """Return where a pixel lies within ``width`` pixels of the edge."""
    mask = np.ones(shape, bool)
    mask[width:-width, width:-width] = False
    return mask


def measure_steps(lab: Float) -> Float:
    """Return the cost of stepping on a pixel: its local contrast, less what noise makes."""
    dx = cv2.Sobel(lab, cv2.CV_32F, 1, 0, ksize=3) / 8
    dy = cv2.Sobel(lab, cv2.CV_32F, 0, 1, ksize=3) / 8
    size = np.sqrt((dx**2 + dy**2).sum(axis=2))
    return np.asarray(np.maximum(size - np.median(size), 0) + 0.02, np.float32)


def measure_unlike(lab: Float, border: NDArray[np.bool_]) -> Float:
    """Return the distance of each pixel's colour from the nearest of the border's few colours."""
    pixels = np.ascontiguousarray(lab[border].reshape(-1, 3), np.float32)
    count = min(5, len(pixels))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)
    _, _, centres = cv2.kmeans(pixels, count, _NONE, stop, 1, cv2.KMEANS_PP_CENTERS)
    away = np.linalg.norm(lab[:, :, None] - centres[None, None], axis=3)
    return np.asarray(away.min(axis=2), np.float32)


def grab(image: Picture, labels: Mask, rounds: int) -> NDArray[np.bool_]:
    """Run GrabCut from given labels; True is foreground. ``labels`` is used up."""
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.sum() < 16 or (~inside).sum() < 16:
        return np.asarray(inside)
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    cv2.grabCut(image, labels, _NONE, models[0], models[1], rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))
