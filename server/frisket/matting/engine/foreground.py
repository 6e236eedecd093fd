"""Colours of the foreground at the edge, so that no old background shines through.

Multilevel estimation (Germer et al., "Fast Multi-Level Foreground Estimation", ICPR 2020)
on a small grid gives estimates of foreground F and background B; at full resolution
each pixel of the band then takes the F that explains its own colour best:
F + alpha * (I - alpha * F - (1 - alpha) * B). Pointwise, so that any tiling gives the
same bytes, and the colours of the sure foreground are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

import cv2
import numpy as np

from .lattice import Lattice, cut_strips
from .pace import take_breath
from .types import Bytes, Float, LinearMatte, Pixels

_SIDE = 512
_STEPS_UP = 9  # levels between one cell and the whole grid
_ROUNDS_SMALL, _ROUNDS = 10, 3  # on grids up to 32 cells, and larger ones
_Place = tuple[EllipsisType, slice, slice]
_ALL, _FIRST, _LAST, _HEAD, _TAIL = (
    slice(None), slice(0, 1), slice(-1, None), slice(None, -1), slice(1, None)
)  # fmt: skip
# For a neighbour above, below, left and right: cells that have one, those neighbours, the others.
_SIDES: tuple[tuple[_Place, _Place, _Place], ...] = (
    ((..., _TAIL, _ALL), (..., _HEAD, _ALL), (..., _FIRST, _ALL)),
    ((..., _HEAD, _ALL), (..., _TAIL, _ALL), (..., _LAST, _ALL)),
    ((..., _ALL, _TAIL), (..., _ALL, _HEAD), (..., _ALL, _FIRST)),
    ((..., _ALL, _HEAD), (..., _ALL, _TAIL), (..., _ALL, _LAST)),
)
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
        rounds = _ROUNDS_SMALL if max(size) <= 32 else _ROUNDS
        fore, back = _relax(small, share, fore, back, rounds)
    return ForegroundColours(np.asarray(fore, np.float32), np.asarray(back, np.float32))


def _relax(
    image: Float, alpha: Float, fore: Float, back: Float, rounds: int
) -> tuple[Float, Float]:
    """Take Jacobi steps of the smoothness-regularised compositing equation.

    Planes lie one behind another meanwhile: three samples a pixel make NumPy's loops short.
    """
    image, fore, back = (np.moveaxis(v, 2, 0).copy() for v in (image, fore, back))
    alpha = alpha[..., 0]
    rest = 1 - alpha
    weights = [_weigh_neighbours(alpha, *side) for side in _SIDES]
    pull = np.zeros_like(alpha)
    for weight in weights:
        pull += weight
    ff, fb, bb = alpha * alpha + pull, alpha * rest, rest * rest + pull
    scale = 1 / (ff * bb - fb * fb)
    own_fore, own_back = alpha * image, rest * image
    for_fore, for_back, spare = (np.empty_like(image) for _ in range(3))
    for _ in range(rounds):
        take_breath()
        _add_neighbours(own_fore, fore, weights, for_fore, spare)
        _add_neighbours(own_back, back, weights, for_back, spare)
        _divide(bb, for_fore, fb, for_back, scale, fore, spare)
        _divide(ff, for_back, fb, for_fore, scale, back, spare)
    return np.moveaxis(fore, 0, 2), np.moveaxis(back, 0, 2)


def _weigh_neighbours(alpha: Float, to: _Place, near: _Place, edge: _Place) -> Float:
    """Return how much each cell follows its neighbour; at the border that is the cell itself."""
    weight = np.zeros_like(alpha)
    np.abs(alpha[to] - alpha[near], out=weight[to])
    weight += _WEAK
    return weight


def _add_neighbours(
    own: Float, values: Float, weights: list[Float], out: Float, spare: Float
) -> None:
    """Put into ``out`` what a cell says itself and, weighed, what its neighbours are."""
    np.copyto(out, own)
    for weight, (to, near, edge) in zip(weights, _SIDES, strict=True):
        for at, source in ((to, near), (edge, edge)):
            np.multiply(weight[at], values[source], out=spare[at])
        out += spare


def _divide(
    gain: Float, wanted: Float, share: Float, other: Float, scale: Float, out: Float, spare: Float
) -> None:
    """Put (gain * wanted - share * other) * scale into ``out``, within 0..1."""
    np.multiply(gain, wanted, out=out)
    np.multiply(share, other, out=spare)
    out -= spare
    out *= scale
    np.clip(out, 0, 1, out=out)


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
