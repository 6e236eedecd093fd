"""Colours of the foreground at the edge, so that no old background shines through.

Multilevel estimation (Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020)
on a small grid gives estimates of foreground F and background B; at full resolution
each pixel of the band then takes the F that explains its own colour best:
F + alpha * (I - alpha * F - (1 - alpha) * B). Pointwise, so that any tiling gives the
same bytes, and the colours of the sure foreground are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .lattice import Lattice, cut_strips
from .types import Bytes, Float, LinearMatte, Pixels

_SIDE = 512
_STEPS_UP = 9  # levels between one cell and the whole grid
_ROUNDS_SMALL, _ROUNDS = 10, 3  # on grids up to 32 cells, and larger ones
_WEAK = np.float32(1e-5)  # ties neighbours where alpha does not change


@dataclass(frozen=True)
class ForegroundColours:
    """Smooth foreground and background over the layer.

    Attributes:
        foreground, background: (h, w, 3) float32, 0..1.
    """

    foreground: Float
    background: Float


def prepare_colours(rgb: Bytes, matte: LinearMatte) -> ForegroundColours:
    """Estimate foreground and background on the proxy.

    Args:
        rgb: (h, w, 3) uint8 sRGB, the proxy.
        matte: the solved matte.
    """
    high, wide = rgb.shape[:2]
    scale = min(1.0, _SIDE / max(high, wide))
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    image = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    alpha = cv2.resize(matte.alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _estimate_levels(image, alpha)


def _estimate_levels(image: Float, alpha: Float) -> ForegroundColours:
    """Estimate from one cell to the whole grid, each level starting from the one before."""
    high, wide = alpha.shape[:2]
    fore = back = image.mean(axis=(0, 1), keepdims=True)
    for level in range(_STEPS_UP + 1):
        part = level / _STEPS_UP
        size = (max(1, round(wide**part)), max(1, round(high**part)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
        fore = cv2.resize(fore, size, interpolation=cv2.INTER_NEAREST).reshape(small.shape)
        back = cv2.resize(back, size, interpolation=cv2.INTER_NEAREST).reshape(small.shape)
        for _ in range(_ROUNDS_SMALL if max(size) <= 32 else _ROUNDS):
            fore, back = _relax(small, share, fore, back)
    return ForegroundColours(np.asarray(fore, np.float32), np.asarray(back, np.float32))


def _relax(image: Float, alpha: Float, fore: Float, back: Float) -> tuple[Float, Float]:
    """Take one Jacobi step of the smoothness-regularised compositing equation."""
    rest = 1 - alpha
    for_fore, for_back = alpha * image, rest * image
    pull = np.zeros_like(alpha)
    for axis in (0, 1):
        for way in (-1, 1):
            weight = _WEAK + np.abs(alpha - _take_neighbours(alpha, axis, way))
            for_fore = for_fore + weight * _take_neighbours(fore, axis, way)
            for_back = for_back + weight * _take_neighbours(back, axis, way)
            pull = pull + weight
    ff, fb, bb = alpha * alpha + pull, alpha * rest, rest * rest + pull
    scale = 1 / (ff * bb - fb * fb)
    new_fore = np.clip((bb * for_fore - fb * for_back) * scale, 0, 1)
    return new_fore, np.clip((ff * for_back - fb * for_fore) * scale, 0, 1)


def _take_neighbours(values: Float, axis: int, way: int) -> Float:
    """Return each cell's neighbour; at the border, the cell itself."""
    at = np.clip(np.arange(values.shape[axis]) + way, 0, values.shape[axis] - 1)
    return np.asarray(np.take(values, at, axis=axis))


def clean_colours(
    prepared: ForegroundColours, matte: LinearMatte, x: int, y: int, pixels: Pixels, alpha: Pixels
) -> Pixels:
    """Return the foreground's colours of a rectangle of the layer.

    Args:
        prepared: of the same layer.
        matte: of the same layer; gives its size.
        x: and
        y: the rectangle's top left corner, in pixels of the layer.
        pixels: (h, w) or (h, w, 3) uint8 or uint16 sRGB.
        alpha: (h, w) uint8 or uint16, as ``refine`` gave it.

    Returns:
        Like ``pixels``; those of full alpha are the very same.
    """
    flat = pixels.ndim == 2
    part = pixels[..., None] if flat else pixels
    out = part.copy()
    layer = (matte.layer_width, matte.layer_height)
    grid = prepared.foreground.shape[:2]
    for rows, lattice in cut_strips(grid, layer, (x, y), part.shape[:2]):
        _clean_strip(prepared, lattice, part[rows], alpha[rows], out[rows])
    return np.asarray(out[..., 0] if flat else out)


def _clean_strip(
    prepared: ForegroundColours, lattice: Lattice, pixels: Pixels, alpha: Pixels, out: Pixels
) -> None:
    """Replace colours in ``out`` wherever alpha is not full."""
    full = np.iinfo(alpha.dtype).max
    mixed = alpha != full
    if not mixed.any():
        return
    share = alpha.astype(np.float32)
    share *= np.float32(1.0 / full)
    top = np.float32(np.iinfo(pixels.dtype).max)
    for c in range(pixels.shape[2]):
        fore = lattice(_pick_channel(prepared.foreground, c, pixels.shape[2]))
        back = lattice(_pick_channel(prepared.background, c, pixels.shape[2]))
        best = _explain_colour(pixels[..., c].astype(np.float32), fore, back, share, top)
        np.copyto(out[..., c], best.astype(pixels.dtype), where=mixed)


def _pick_channel(values: Float, c: int, count: int) -> Float:
    """Return one channel or, for grey layers, the mean of three."""
    return values[..., c] if count == 3 else values.mean(axis=2)


def _explain_colour(own: Float, fore: Float, back: Float, share: Float, top: np.float32) -> Float:
    own *= np.float32(1) / top
    rest = own - share * fore
    rest -= (np.float32(1) - share) * back
    rest *= share
    rest += fore
    rest *= top
    np.rint(rest, out=rest)
    return np.asarray(np.clip(rest, 0, top, out=rest))
