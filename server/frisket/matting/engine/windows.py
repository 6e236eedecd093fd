"""Windows of the layer's own resolution along the band, for a network that refines it.

Where the windows lie follows from the layer's size and the window's alone, and which of
them are looked at from the solved grid; a pixel's blend sums its windows in one order. So
the answer does not depend on how the layer is cut into tiles, nor on their order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .lattice import strips
from .types import Bytes, Float, LinearMatte, Pixels

TOP = 65535
"""What a refined window's greatest alpha is."""


@dataclass(frozen=True)
class Windows:
    """The squares that a refiner looks at, numbered row by row.

    Attributes:
        side: of each, in pixels of the layer; a smaller layer is padded to it.
        lefts, tops: where they begin; neighbours overlap by a quarter or more.
        active: (tops, lefts): the band crosses the part that is nearest to the window's middle.
    """

    side: int
    lefts: tuple[int, ...]
    tops: tuple[int, ...]
    active: NDArray[np.bool_]

    def corner(self, window: int) -> tuple[int, int]:
        """Left and top of a window, in pixels of the layer."""
        row, column = divmod(window, len(self.lefts))
        return self.lefts[column], self.tops[row]

    def touching(self, x: int, y: int, width: int, height: int) -> list[int]:
        """The active windows that share a pixel with a rectangle, in order."""
        rows = range(bisect_right(self.tops, y - self.side), bisect_left(self.tops, y + height))
        columns = range(bisect_right(self.lefts, x - self.side), bisect_left(self.lefts, x + width))
        across = len(self.lefts)
        return [r * across + c for r in rows for c in columns if self.active[r, c]]

    def spread(self, changed: NDArray[np.bool_], tile: int, before: Windows) -> NDArray[np.bool_]:
        """Tiles whose alpha may differ when some tiles' solution does.

        A window sees all of its square: one that touches a changed tile answers anew for
        every tile that it touches.

        Args:
            changed: (rows, columns) of tiles.
            tile: edge of a tile in pixels.
            before: the windows of the earlier solution, of the same layer and side.
        """
        out: NDArray[np.bool_] = changed.copy()
        for row, column in np.argwhere(self.active | before.active):
            rows = _tiles(self.tops[row], self.side, tile)
            columns = _tiles(self.lefts[column], self.side, tile)
            if changed[rows, columns].any():
                out[rows, columns] = True
        return out


def _tiles(start: int, side: int, tile: int) -> slice:
    return slice(start // tile, (start + side - 1) // tile + 1)


def laid_out(matte: LinearMatte, side: int) -> Windows:
    """The windows of a solved layer, each ``side`` pixels wide and high."""
    lefts, tops = _starts(matte.layer_width, side), _starts(matte.layer_height, side)
    rows = _reach(_cores(tops, side, matte.layer_height), matte.b.shape[0], matte.layer_height)
    columns = _reach(_cores(lefts, side, matte.layer_width), matte.b.shape[1], matte.layer_width)
    solid = _all(matte.known == 0, rows, columns) | _all(matte.known == 255, rows, columns)
    return Windows(side, lefts, tops, ~solid)


def _starts(pixels: int, side: int) -> tuple[int, ...]:
    """Every three quarters of a side, the last one flush with the layer's end."""
    last = max(0, pixels - side)
    step = side - side // 4
    return (*range(0, last, step), last)


def _cores(starts: tuple[int, ...], side: int, pixels: int) -> NDArray[np.intp]:
    """(windows, 2): the pixels that are nearer to a window's middle than to another's."""
    cuts = [(a + side + b) // 2 for a, b in pairwise(starts)]
    return np.asarray(np.stack([[0, *cuts], [*cuts, pixels]], axis=1), np.intp)


def _reach(spans: NDArray[np.intp], cells: int, pixels: int) -> NDArray[np.intp]:
    """(spans, 2): first and one past the last cell that their pixels are interpolated from."""
    first = np.floor((spans[:, 0] + 0.5) * cells / pixels - 0.5).astype(np.intp)
    last = np.floor((spans[:, 1] - 0.5) * cells / pixels - 0.5).astype(np.intp) + 2
    return np.stack([np.clip(first, 0, cells - 1), np.clip(last, 1, cells)], axis=1)


def _all(
    cells: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Per rectangle of cells: does ``cells`` hold everywhere in it?"""
    total = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), np.int64)
    total[1:, 1:] = (~cells).cumsum(0, dtype=np.int64).cumsum(1)
    r0, r1 = rows[:, 0][:, None], rows[:, 1][:, None]
    c0, c1 = columns[:, 0][None], columns[:, 1][None]
    bad = total[r1, c1] - total[r0, c1] - total[r1, c0] + total[r0, c0]
    return np.asarray(bad == 0)


def trimap_of(matte: LinearMatte, x: int, y: int, size: tuple[int, int]) -> Bytes:
    """What is known of a rectangle of the layer: (height, width) of 0, 128 and 255."""
    out = np.empty(size, np.uint8)
    known = matte.known.astype(np.float32)
    layer = (matte.layer_width, matte.layer_height)
    for rows, lattice in strips(matte.b.shape, layer, (x, y), size):
        level = lattice(known)
        out[rows] = np.where(level == 0, 0, np.where(level == 255, 255, 128))
    return out


def _ramp(first: int, count: int, start: int, side: int) -> Float:
    """Weight along one axis: full in the middle, falling to the window's two ends."""
    at = np.arange(first - start, first - start + count, dtype=np.float32)
    near = np.minimum(at, np.float32(side - 1) - at) + np.float32(0.5)
    return np.asarray(np.clip(near / np.float32(side // 4), 0, 1), np.float32)


def blended(
    matte: LinearMatte,
    windows: Windows,
    answers: Mapping[int, Pixels | None],
    alpha: Pixels,
    corner: tuple[int, int],
) -> Pixels:
    """Alpha of a rectangle with the windows' answers in its band.

    Args:
        matte: the solved layer.
        windows: where they lie.
        answers: (side, side) uint16, 0..TOP, of every window that touches the rectangle;
            None for one that could not be refined.
        alpha: (h, w) uint8 or uint16: the solved alpha of the rectangle.
        corner: (x, y) of the rectangle in the layer.

    Returns:
        Like ``alpha``; outside the band and where no window answered it is the same.
    """
    (x, y), (high, wide) = corner, alpha.shape
    total, weights = np.zeros((high, wide), np.float32), np.zeros((high, wide), np.float32)
    for window in windows.touching(x, y, wide, high):
        answer = answers[window]
        if answer is None:
            continue
        left, top = windows.corner(window)
        rows = slice(max(y, top), min(y + high, top + windows.side))
        cols = slice(max(x, left), min(x + wide, left + windows.side))
        down = _ramp(rows.start, rows.stop - rows.start, top, windows.side)
        across = _ramp(cols.start, cols.stop - cols.start, left, windows.side)
        weight = down[:, None] * across[None]
        part = answer[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
        here = (slice(rows.start - y, rows.stop - y), slice(cols.start - x, cols.stop - x))
        total[here] += weight * part.astype(np.float32)
        weights[here] += weight
    scale = np.float32(np.iinfo(alpha.dtype).max / TOP)
    better = np.rint(total / np.maximum(weights, np.float32(1e-6)) * scale)
    band = (trimap_of(matte, x, y, (high, wide)) == 128) & (weights > 0)
    return np.where(band, better, alpha).astype(alpha.dtype)
