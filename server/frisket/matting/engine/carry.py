"""Carrying a matte to full resolution: exact per pixel, whatever the tiling.

A pixel's alpha depends on its absolute position, its own colour and the grid alone
(see ``lattice``), so any tiling in any order gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lattice import Lattice, strips
from .types import Float, LinearMatte, Pixels


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
    out = np.empty((high, wide), np.uint8 if depth == 8 else np.uint16)
    layer = (matte.layer_width, matte.layer_height)
    for rows, lattice in strips(matte.b.shape, layer, (x, y), (high, wide)):
        out[rows] = _values(matte, lattice, pixels[rows], np.iinfo(out.dtype).max)
    return out


def _values(matte: LinearMatte, lattice: Lattice, pixels: Pixels, top: int) -> Float:
    """Alpha of a strip, rounded, in 0..top."""
    scale = np.float32(top / np.iinfo(pixels.dtype).max)
    alpha = lattice(matte.b)
    alpha *= np.float32(top)
    if pixels.ndim == 2:
        _add(alpha, lattice(matte.a[..., 0] + matte.a[..., 1] + matte.a[..., 2]), pixels, scale)
    else:
        for c in range(3):
            _add(alpha, lattice(matte.a[..., c]), pixels[..., c], scale)
    np.rint(alpha, out=alpha)
    return np.clip(alpha, 0, top, out=alpha)


def _add(alpha: Float, slope: Float, samples: Pixels, scale: np.float32) -> None:
    """Add slope times colour, in units of the answer."""
    slope *= scale
    slope *= samples
    alpha += slope
