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

from .footprint import find_cells, hold_everywhere
from .lattice import cut_strips
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
        """Return left and top of a window, in pixels of the layer."""
        row, column = divmod(window, len(self.lefts))
        return self.lefts[column], self.tops[row]

    def touching(self, x: int, y: int, width: int, height: int) -> list[int]:
        """Return the active windows that share a pixel with a rectangle, in order."""
        rows = range(bisect_right(self.tops, y - self.side), bisect_left(self.tops, y + height))
        columns = range(bisect_right(self.lefts, x - self.side), bisect_left(self.lefts, x + width))
        across = len(self.lefts)
        return [r * across + c for r in rows for c in columns if self.active[r, c]]

    def spread(self, changed: NDArray[np.bool_], tile: int, before: Windows) -> NDArray[np.bool_]:
        """Return the tiles whose alpha may differ when some tiles' solution does.

        A window sees all of its square: one that touches a changed tile answers anew for
        every tile that it touches.

        Args:
            changed: (rows, columns) of tiles.
            tile: edge of a tile in pixels.
            before: the windows of the earlier solution, of the same layer and side.
        """
        out: NDArray[np.bool_] = changed.copy()
        for row, column in np.argwhere(self.active | before.active):
            rows = _slice_tiles(self.tops[row], self.side, tile)
            columns = _slice_tiles(self.lefts[column], self.side, tile)
            if changed[rows, columns].any():
                out[rows, columns] = True
        return out


def _slice_tiles(start: int, side: int, tile: int) -> slice:
    return slice(start // tile, (start + side - 1) // tile + 1)


def layout_windows(matte: LinearMatte, side: int) -> Windows:
    """Return the windows of a solved layer, each ``side`` pixels wide and high."""
    wide, high = matte.layer_width, matte.layer_height
    lefts, tops = _place_starts(wide, side), _place_starts(high, side)
    rows = find_cells(_split_cores(tops, side, high), matte.b.shape[0], high)
    columns = find_cells(_split_cores(lefts, side, wide), matte.b.shape[1], wide)
    empty = hold_everywhere(matte.known == 0, rows, columns)
    full = hold_everywhere(matte.known == 255, rows, columns)
    return Windows(side, lefts, tops, ~(empty | full))


def _place_starts(pixels: int, side: int) -> tuple[int, ...]:
    """Return a start every three quarters of a side, the last one flush with the layer's end."""
    last = max(0, pixels - side)
    step = side - side // 4
    return (*range(0, last, step), last)


def _split_cores(starts: tuple[int, ...], side: int, pixels: int) -> NDArray[np.intp]:
    """Return (windows, 2): the pixels that are nearer to a window's middle than to another's."""
    cuts = [(a + side + b) // 2 for a, b in pairwise(starts)]
    return np.asarray(np.stack([[0, *cuts], [*cuts, pixels]], axis=1), np.intp)


def interpolate_trimap(matte: LinearMatte, x: int, y: int, size: tuple[int, int]) -> Bytes:
    """Return what is known of a rectangle of the layer: (height, width) of 0, 128 and 255."""
    out = np.empty(size, np.uint8)
    known = matte.known.astype(np.float32)
    layer = (matte.layer_width, matte.layer_height)
    for rows, lattice in cut_strips(matte.b.shape, layer, (x, y), size):
        level = lattice(known)
        out[rows] = np.where(level == 0, 0, np.where(level == 255, 255, 128))
    return out


def _weigh_axis(first: int, count: int, start: int, side: int) -> Float:
    """Return weights along one axis: full in the middle, falling to the window's two ends."""
    at = np.arange(first - start, first - start + count, dtype=np.float32)
    near = np.minimum(at, np.float32(side - 1) - at) + np.float32(0.5)
    return np.asarray(np.clip(near / np.float32(side // 4), 0, 1), np.float32)


def blend_windows(
    matte: LinearMatte,
    windows: Windows,
    answers: Mapping[int, Pixels | None],
    alpha: Pixels,
    corner: tuple[int, int],
) -> Pixels:
    """Return the alpha of a rectangle with the windows' answers in its band.

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
        if answer is not None:
            _add_window(total, weights, answer, windows.corner(window), corner)
    scale = np.float32(np.iinfo(alpha.dtype).max / TOP)
    better = np.rint(total / np.maximum(weights, np.float32(1e-6)) * scale)
    band = (interpolate_trimap(matte, x, y, (high, wide)) == 128) & (weights > 0)
    return np.where(band, better, alpha).astype(alpha.dtype)


def _add_window(
    total: Float, weights: Float, answer: Pixels, place: tuple[int, int], corner: tuple[int, int]
) -> None:
    """Add a window's answer to the sums of a rectangle, where both share pixels."""
    (left, top), (x, y), side = place, corner, answer.shape[0]
    high, wide = total.shape
    rows = slice(max(y, top), min(y + high, top + side))
    cols = slice(max(x, left), min(x + wide, left + side))
    down = _weigh_axis(rows.start, rows.stop - rows.start, top, side)
    across = _weigh_axis(cols.start, cols.stop - cols.start, left, side)
    weight = down[:, None] * across[None]
    part = answer[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
    here = (slice(rows.start - y, rows.stop - y), slice(cols.start - x, cols.stop - x))
    total[here] += weight * part.astype(np.float32)
    weights[here] += weight
