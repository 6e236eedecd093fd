"""Carrying a matte to full resolution: exact per pixel, whatever the tiling.

A pixel's alpha depends on its absolute position, its own colour and the grid alone
(see ``lattice``), so any tiling in any order gives the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .footprint import find_cells, hold_everywhere
from .lattice import Lattice, cut_strips
from .types import Float, LinearMatte, Pixels


def plan(matte: LinearMatte, tile_size: int) -> NDArray[np.int16]:
    """Return what each tile of the layer's grid needs.

    Returns:
        (rows, columns) int16: 0 or 255 where every pixel of the tile is that for
        certain, -1 where its pixels are needed.
    """
    zero = hold_in_tiles(matte.known == 0, matte, tile_size)
    full = hold_in_tiles(matte.known == 255, matte, tile_size)
    return np.where(zero, 0, np.where(full, 255, -1)).astype(np.int16)


def hold_in_tiles(
    flags: NDArray[np.bool_], matte: LinearMatte, tile_size: int
) -> NDArray[np.bool_]:
    """Return per tile whether a flag holds in every cell its pixels are interpolated from."""
    rows = find_cells(
        _span_tiles(matte.layer_height, tile_size), flags.shape[0], matte.layer_height
    )
    cols = find_cells(_span_tiles(matte.layer_width, tile_size), flags.shape[1], matte.layer_width)
    return hold_everywhere(flags, rows, cols)


def _span_tiles(pixels: int, tile_size: int) -> NDArray[np.intp]:
    """Return (tiles, 2): first and one past the last pixel of each tile along one axis."""
    starts = np.arange(0, pixels, tile_size)
    return np.stack([starts, np.minimum(starts + tile_size, pixels)], axis=1)


def refine(matte: LinearMatte, x: int, y: int, pixels: Pixels, depth: int = 8) -> Pixels:
    """Return the alpha of a rectangle of the layer.

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
    for rows, lattice in cut_strips(matte.b.shape, layer, (x, y), (high, wide)):
        out[rows] = _compute_strip(matte, lattice, pixels[rows], np.iinfo(out.dtype).max)
    return out


def _compute_strip(matte: LinearMatte, lattice: Lattice, pixels: Pixels, top: int) -> Float:
    """Return the alpha of a strip, rounded, in 0..top."""
    scale = np.float32(top / np.iinfo(pixels.dtype).max)
    alpha = lattice(matte.b)
    alpha *= np.float32(top)
    if pixels.ndim == 2:
        slope = matte.a[..., 0] + matte.a[..., 1] + matte.a[..., 2]
        _add_product(alpha, lattice(slope), pixels, scale)
    else:
        for c in range(3):
            _add_product(alpha, lattice(matte.a[..., c]), pixels[..., c], scale)
    np.rint(alpha, out=alpha)
    return np.clip(alpha, 0, top, out=alpha)


def _add_product(alpha: Float, slope: Float, samples: Pixels, scale: np.float32) -> None:
    """Add slope times colour, in units of the answer."""
    slope *= scale
    slope *= samples
    alpha += slope
