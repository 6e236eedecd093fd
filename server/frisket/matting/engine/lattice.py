"""Values on the solved grid, interpolated at the pixels of a rectangle of the layer.

What a pixel gets depends on its absolute position alone. Every operation is a plain
elementwise NumPy one, rounded by itself: no fused multiply-add, no library resize on
crops, no matrix product, whose last bits would depend on where in an array a pixel lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import Float

_STRIP_SAMPLES = 1 << 15  # worked on at a time, so that temporaries stay in the cache


@dataclass(frozen=True)
class Axis:
    """Where consecutive pixels of one axis lie between the grid's cells."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: Float


def place_axis(first: int, count: int, cells: int, pixels: int) -> Axis:
    """Place pixels first..first+count of ``pixels`` between the centres of ``cells`` cells."""
    centre = (np.arange(first, first + count, dtype=np.float64) + 0.5) * cells / pixels - 0.5
    floor = np.floor(centre)
    low = floor.astype(np.intp)
    weight = (centre - floor).astype(np.float32)
    top = cells - 1
    return Axis(np.clip(low, 0, top), np.clip(low + 1, 0, top), weight)


@dataclass(frozen=True)
class Lattice:
    """Interpolates planes of one grid over one rectangle."""

    rows: Axis
    cols: Axis

    def __call__(self, plane: Float) -> Float:
        """Return ``plane`` (grid height, grid width) at every pixel: (height, width).

        Exact where the four cells around a pixel agree.
        """
        first, last = int(self.rows.low.min()), int(self.rows.high.max()) + 1
        near = plane[first:last]
        # An index in brackets takes longer than `take`.
        across = np.take(near, self.cols.high, axis=1)
        low = np.take(near, self.cols.low, axis=1)
        across -= low
        across *= self.cols.weight
        across += low
        upper = np.take(across, self.rows.low - first, axis=0)
        step = np.take(across, self.rows.high - first, axis=0)
        step -= upper
        step *= self.rows.weight[:, None]
        step += upper
        return step


def cut_strips(
    grid: tuple[int, int], layer: tuple[int, int], corner: tuple[int, int], size: tuple[int, int]
) -> Iterator[tuple[slice, Lattice]]:
    """Cut a rectangle into strips of rows that fit the cache.

    Args:
        grid: (height, width) in cells.
        layer: (width, height) in pixels.
        corner: (x, y) of the rectangle in the layer.
        size: (height, width) of the rectangle.
    """
    cols = place_axis(corner[0], size[1], grid[1], layer[0])
    step = max(1, _STRIP_SAMPLES // max(1, size[1]))
    for start in range(0, size[0], step):
        count = min(step, size[0] - start)
        rows = place_axis(corner[1] + start, count, grid[0], layer[1])
        yield slice(start, start + count), Lattice(rows, cols)
