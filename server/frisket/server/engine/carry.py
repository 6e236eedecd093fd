"""Carrying a matte to full resolution: exact per pixel, whatever the tiling.

A pixel's alpha depends on its absolute position, its own colour and the grid alone.
Every operation is a plain elementwise NumPy one, rounded by itself: no fused
multiply-add, no library resize on crops, no matrix product, whose last bits would
depend on where in an array a pixel happens to lie.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import Float, LinearMatte, Pixels

_STRIP = 32  # rows worked on at a time, so that temporaries stay in the cache


@dataclass(frozen=True)
class Axis:
    """Where pixels first..first+count of one axis lie between the grid's cells."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: Float


def axis(first: int, count: int, cells: int, pixels: int) -> Axis:
    """Place ``count`` pixels from ``first`` on, of ``pixels`` in all, between ``cells``."""
    centre = (np.arange(first, first + count, dtype=np.float64) + 0.5) * cells / pixels - 0.5
    floor = np.floor(centre)
    low = floor.astype(np.intp)
    weight = (centre - floor).astype(np.float32)
    top = cells - 1
    return Axis(np.clip(low, 0, top), np.clip(low + 1, 0, top), weight)


def plan(matte: LinearMatte, tile_size: int) -> NDArray[np.int16]:
    """What each tile of the layer's grid needs.

    Returns:
        (rows, columns) int16: 0 or 255 where every pixel of the tile is that for
        certain, -1 where its pixels are needed.
    """
    zero = spans(matte.known == 0, matte, tile_size)
    full = spans(matte.known == 255, matte, tile_size)
    return np.where(zero, 0, np.where(full, 255, -1)).astype(np.int16)


def spans(cells: NDArray[np.bool_], matte: LinearMatte, tile: int) -> NDArray[np.bool_]:
    """Per tile: does ``cells`` hold for every cell its pixels are interpolated from?"""
    grid = cells.shape
    rows = _footprints(matte.layer_height, tile, grid[0])
    cols = _footprints(matte.layer_width, tile, grid[1])
    total = np.zeros((grid[0] + 1, grid[1] + 1), np.int64)
    total[1:, 1:] = (~cells).cumsum(0, dtype=np.int64).cumsum(1)
    r0, r1 = rows[:, 0][:, None], rows[:, 1][:, None]
    c0, c1 = cols[:, 0][None], cols[:, 1][None]
    bad = total[r1, c1] - total[r0, c1] - total[r1, c0] + total[r0, c0]
    return np.asarray(bad == 0)


def _footprints(pixels: int, tile: int, cells: int) -> NDArray[np.intp]:
    """(tiles, 2): first and one past the last cell each tile is interpolated from."""
    starts = np.arange(0, pixels, tile)
    ends = np.minimum(starts + tile, pixels) - 1
    first = np.floor((starts + 0.5) * cells / pixels - 0.5).astype(np.intp)
    last = np.floor((ends + 0.5) * cells / pixels - 0.5).astype(np.intp) + 2
    return np.stack([np.clip(first, 0, cells - 1), np.clip(last, 1, cells)], axis=1)


def refine(matte: LinearMatte, x: int, y: int, pixels: Pixels, depth: int = 8) -> Pixels:
    """Alpha of a rectangle of the layer.

    Args:
        matte: the solved matte.
        x: and
        y: the rectangle's top left corner, in pixels of the layer.
        pixels: (h, w) or (h, w, 3), uint8 or uint16 sRGB.
        depth: of the answer: 8 or 16 bits.

    Returns:
        (h, w) uint8 or uint16.
    """
    high, wide = pixels.shape[:2]
    cols = axis(x, wide, matte.b.shape[1], matte.layer_width)
    rows = axis(y, high, matte.b.shape[0], matte.layer_height)
    out = np.zeros((high, wide), np.uint8 if depth == 8 else np.uint16)
    for start, stop in runs(rows):
        _strip(matte, rows, cols, start, stop, pixels, out)
    return out


def runs(rows: Axis) -> list[tuple[int, int]]:
    """Rows between the same two cells, at most ``_STRIP`` of them."""
    edges = np.flatnonzero((np.diff(rows.low) != 0) | (np.diff(rows.high) != 0)) + 1
    cuts = sorted({0, len(rows.low), *edges.tolist(), *range(0, len(rows.low), _STRIP)})
    return list(itertools.pairwise(cuts))


def _strip(
    matte: LinearMatte, rows: Axis, cols: Axis, start: int, stop: int, pixels: Pixels, out: Pixels
) -> None:
    upper, lower = int(rows.low[start]), int(rows.high[start])
    top = np.iinfo(out.dtype).max
    known = (
        matte.known[upper, cols.low],
        matte.known[upper, cols.high],
        matte.known[lower, cols.low],
        matte.known[lower, cols.high],
    )
    same = (known[0] == known[1]) & (known[0] == known[2]) & (known[0] == known[3])
    out[start:stop, same & (known[0] == 255)] = top
    band = np.flatnonzero(~same | (known[0] == 128))
    if band.size == 0:
        return
    first, last = int(band[0]), int(band[-1]) + 1
    span = Axis(cols.low[first:last], cols.high[first:last], cols.weight[first:last])
    part = pixels[start:stop, first:last]
    out[start:stop, first:last] = _values(
        matte, upper, lower, rows.weight[start:stop], span, part, top
    )


def lerped(row: Float, cols: Axis) -> Float:
    """A grid row's coefficients at the columns; exact where both cells agree."""
    low = row[cols.low]
    step = row[cols.high]
    step -= low
    step *= cols.weight
    step += low
    return step


def _values(
    matte: LinearMatte, upper: int, lower: int, weight: Float, cols: Axis, pixels: Pixels, top: int
) -> Pixels:
    grey = pixels.ndim == 2
    scale = np.float32(1.0 / np.iinfo(pixels.dtype).max)
    fall = weight[:, None]
    alpha = _between(matte.b, upper, lower, fall, cols)
    if grey:
        total = matte.a[upper].sum(axis=1), matte.a[lower].sum(axis=1)
        _accumulate(alpha, _rows(total[0], total[1], fall, cols), pixels, scale)
    else:
        for c in range(3):
            slope = _between(matte.a[..., c], upper, lower, fall, cols)
            _accumulate(alpha, slope, pixels[..., c], scale)
    alpha *= np.float32(top)
    np.rint(alpha, out=alpha)
    np.clip(alpha, 0, top, out=alpha)
    return alpha.astype(np.uint8 if top == 255 else np.uint16)


def _between(plane: Float, upper: int, lower: int, fall: Float, cols: Axis) -> Float:
    return _rows(plane[upper], plane[lower], fall, cols)


def _rows(upper: Float, lower: Float, fall: Float, cols: Axis) -> Float:
    """(rows, columns) of one coefficient between two grid rows."""
    first = lerped(upper, cols)
    step = lerped(lower, cols)
    step -= first
    grown = fall * step
    grown += first
    return grown


def _accumulate(alpha: Float, slope: Float, samples: Pixels, scale: np.float32) -> None:
    colour = samples.astype(np.float32)
    colour *= scale
    slope *= colour
    alpha += slope
