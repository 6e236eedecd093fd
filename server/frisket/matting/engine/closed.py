"""Closed-form matting with soft constraints, matrix-free.

Levin, Lischinski, Weiss, "A Closed-Form Solution to Natural Image Matting" (PAMI 2008)
asks that alpha be locally linear in colour. He, Sun, Tang, "Fast Matting Using Large
Kernel Matting Laplacian Matrices" (CVPR 2010) multiply by its Laplacian with box filters
alone, for any window at the same cost, so neither a sparse matrix nor its factors are
ever built. The coarse alpha enters as a weak wish where the model is sure of itself, so
the system stays well-posed without any sure foreground, and conjugate gradients with a
diagonal preconditioner need few steps.
"""

from __future__ import annotations

import cv2
import numpy as np

from .pace import take_breath
from .types import Bytes, Float


class Laplacian:
    """The matting Laplacian of a picture, divided by its windows' area.

    Args:
        guide: (h, w, 3) float32, 0..1.
        radius: of the square windows, in pixels.
        eps: ridge of the local regressions, in squared units of ``guide``.
    """

    def __init__(self, guide: Float, radius: int, eps: float) -> None:
        self._size = (2 * radius + 1, 2 * radius + 1)
        self._area = np.float32(self._size[0] * self._size[1])
        self._count = self._sum(np.ones(guide.shape[:2], np.float32))
        self._share = 1 / self._count
        self._planes = [np.ascontiguousarray(guide[..., c]) for c in range(3)]
        self._means = [self._sum(plane) * self._share for plane in self._planes]
        self._factors = self._factorise(np.float32(eps))

    def _sum(self, values: Float) -> Float:
        return np.asarray(
            cv2.boxFilter(values, -1, self._size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        )

    def _find_covariance(self, i: int, j: int, eps: np.float32) -> Float:
        product = self._sum(self._planes[i] * self._planes[j]) * self._share
        product -= self._means[i] * self._means[j]
        return product + eps if i == j else product

    def _factorise(self, eps: np.float32) -> tuple[Float, ...]:
        """Return L D L' of every window's covariance: below the diagonal, then 1 / D.

        Elimination keeps its digits where colours are correlated, as in grey pictures;
        the adjugate over the determinant loses all of them in single precision.
        """
        rr, rg, rb = (self._find_covariance(0, j, eps) for j in range(3))
        gg, gb, bb = (self._find_covariance(i, j, eps) for i, j in ((1, 1), (1, 2), (2, 2)))
        least = np.float32(0.5) * eps
        first = 1 / np.maximum(rr, least)
        m21, m31 = rg * first, rb * first
        second = 1 / np.maximum(gg - m21 * rg, least)
        rest = gb - m31 * rg
        m32 = rest * second
        third = 1 / np.maximum(bb - m31 * rb - m32 * rest, least)
        return m21, m31, m32, first, second, third

    def _regress(self, alpha: Float) -> tuple[list[Float], Float]:
        mean = self._sum(alpha) * self._share
        pairs = zip(self._planes, self._means, strict=True)
        cov = [self._sum(plane * alpha) * self._share - m * mean for plane, m in pairs]
        slopes = self._divide(cov)
        for slope, m in zip(slopes, self._means, strict=True):
            mean -= slope * m
        return slopes, mean

    def _divide(self, cov: list[Float]) -> list[Float]:
        """Divide the windows' covariances with alpha by those of colour, in place."""
        m21, m31, m32, first, second, third = self._factors
        x, y, z = cov
        y -= m21 * x
        z -= m31 * x
        z -= m32 * y
        x *= first
        y *= second
        z *= third
        y -= m32 * z
        x -= m21 * y
        x -= m31 * z
        return [x, y, z]

    def apply(self, alpha: Float) -> Float:
        """Return the Laplacian times ``alpha`` (h, w)."""
        slopes, offset = self._regress(alpha)
        explained = self._sum(offset)
        for slope, plane in zip(slopes, self._planes, strict=True):
            explained += self._sum(slope) * plane
        rest = self._count * alpha
        rest -= explained
        rest /= self._area
        return rest

    def fit_linear(self, alpha: Float) -> tuple[Float, Float]:
        """Return slopes (h, w, 3) and offset (h, w), averaged over the windows of each pixel."""
        slopes, offset = self._regress(alpha)
        means = [self._sum(slope) * self._share for slope in slopes]
        return np.stack(means, axis=2), self._sum(offset) * self._share


def minimise(
    laplacian: Laplacian, wish: Float, weight: Float, start: Float, free: Bytes, steps: int
) -> Float:
    """Minimise alpha' L alpha + sum of weight * (alpha - wish)^2 over the free pixels.

    Args:
        laplacian: of the picture.
        wish: (h, w) what the model says, 0..1.
        weight: (h, w) how much that counts.
        start: (h, w) first guess; pixels that are not free keep it.
        free: (h, w) bool.
        steps: of conjugate gradients, at most.

    Returns:
        (h, w) float32, not clipped.
    """
    mask = free.astype(np.float32)
    alpha = start.astype(np.float32, copy=True)
    rest = mask * (weight * (wish - alpha) - laplacian.apply(alpha))
    scale = mask / (1 + weight)
    step = rest * scale
    size = _dot(rest, step)
    goal = 1e-8 * size
    for _ in range(steps):
        if size <= goal:
            break
        take_breath()
        pushed = mask * (laplacian.apply(step) + weight * step)
        curve = _dot(step, pushed)
        if not curve > 0:  # rounding has used up what could be gained
            break
        length = np.float32(size / curve)
        alpha += length * step
        rest -= length * pushed
        eased = rest * scale
        before, size = size, _dot(rest, eased)
        step *= np.float32(size / before)
        step += eased
    return alpha


def _dot(a: Float, b: Float) -> float:
    return float(cv2.sumElems(cv2.multiply(a, b))[0])
