"""Which tiles differ between two solutions of the same layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .carry import hold_in_tiles
from .types import LinearMatte


def changed_tiles(before: LinearMatte, after: LinearMatte, tile_size: int) -> NDArray[np.bool_]:
    """Return which tiles' alpha may differ.

    Args:
        before: the earlier solution.
        after: the later one of the same layer.
        tile_size: edge of a tile in pixels.

    Returns:
        (rows, columns): False only where every coefficient a tile is made of is the same.
    """
    if before.b.shape != after.b.shape:
        return ~np.zeros_like(hold_in_tiles(after.b == after.b, after, tile_size))
    same = (before.a == after.a).all(axis=2) & (before.b == after.b)
    same &= before.known == after.known
    return ~hold_in_tiles(same, after, tile_size)
