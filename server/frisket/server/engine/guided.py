"""The guided filter in its linear form (He, Sun, Tang, ECCV 2010, equations 19-21)."""

from __future__ import annotations

import cv2
import numpy as np

from .types import Float


def _mean(values: Float, radius: int) -> Float:
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.blur(values, size, borderType=cv2.BORDER_REFLECT), np.float32)


def _inverse(s: list[Float]) -> list[Float]:
    """Upper triangle of the inverse of symmetric 3x3 matrices given by theirs."""
    rr, rg, rb, gg, gb, bb = s
    i = [gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb]
    i += [rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg]
    det = i[0] * rr + i[1] * rg + i[2] * rb
    return [v / det for v in i]


def fit(guide: Float, target: Float, radius: int, eps: float) -> tuple[Float, Float]:
    """Local regressions of ``target`` on colour, one per pixel, not yet averaged.

    Args:
        guide: (h, w, 3) float32, 0..1.
        target: (h, w) float32, 0..1.
        radius: of the square window.
        eps: ridge, in squared units of ``guide``.

    Returns:
        a (h, w, 3) and b (h, w): target is about a . guide + b in each window.
    """
    mean_i, mean_p = _mean(guide, radius), _mean(target, radius)
    r, g, b = (np.ascontiguousarray(guide[..., c]) for c in range(3))
    m = [mean_i[..., c] for c in range(3)]
    pairs = [(r, r, 0, 0), (r, g, 0, 1), (r, b, 0, 2), (g, g, 1, 1), (g, b, 1, 2), (b, b, 2, 2)]
    s = [_mean(u * v, radius) - m[i] * m[j] for u, v, i, j in pairs]
    for k in (0, 3, 5):
        s[k] += np.float32(eps)
    inv = _inverse(s)
    cov = [_mean(c * target, radius) - m[k] * mean_p for k, c in enumerate((r, g, b))]
    rows = ((0, 1, 2), (1, 3, 4), (2, 4, 5))
    a = np.stack([sum(inv[n] * cov[k] for k, n in enumerate(row)) for row in rows], axis=2)
    offset = mean_p - (a * mean_i).sum(axis=2)
    return a.astype(np.float32), offset.astype(np.float32)


def linear(guide: Float, target: Float, radius: int, eps: float) -> tuple[Float, Float]:
    """``fit`` averaged over the windows that a pixel lies in: the filter's coefficients."""
    a, b = fit(guide, target, radius, eps)
    return _mean(a, radius), _mean(b, radius)
