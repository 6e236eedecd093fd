"""Planes of vectors: NumPy is slow along an axis as short as three."""

from __future__ import annotations

import numpy as np

from .types import Float

Planes = tuple[Float, ...]


def split_planes(vectors: Float) -> Planes:
    """Return the planes (h, w) of (h, w, c): views, not copies."""
    return tuple(np.moveaxis(vectors, 2, 0))


def multiply_planes(a: Planes, b: Planes) -> Float:
    """Return the products (h, w) of vectors of three, given by their planes."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
