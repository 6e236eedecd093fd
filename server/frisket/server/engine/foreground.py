"""Colours of the foreground at the edge, so that no old background shines through.

Blur fusion (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021) on a
small grid gives smooth estimates of foreground F and background B; at full resolution
each pixel of the band then takes the F that explains its own colour best:
F + alpha * (I - alpha * F - (1 - alpha) * B). Pointwise, so that any tiling gives the
same bytes, and the colours of the sure foreground are never touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .lattice import Lattice, strips
from .types import Bytes, Float, LinearMatte, Pixels

_SIDE = 512
_RADII = (45, 3)


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
    return _fused(image, alpha[..., None])


def _fused(image: Float, alpha: Float) -> ForegroundColours:
    fore, back = image, image
    for radius in _RADII:
        fore = _weighted(fore, alpha, radius)
        back = _weighted(back, 1 - alpha, radius)
        rest = image - alpha * fore - (1 - alpha) * back
        best = np.clip(fore + alpha * rest, 0, 1)
        other = np.clip(back + (1 - alpha) * rest, 0, 1)
        if radius != _RADII[-1]:
            fore, back = best, other
    return ForegroundColours(np.asarray(fore, np.float32), np.asarray(back, np.float32))


def _weighted(values: Float, weight: Float, radius: int) -> Float:
    """Mean of ``values`` by ``weight``; where there is none nearby, from farther away."""
    size = (2 * radius + 1, 2 * radius + 1)
    total = cv2.blur(np.ascontiguousarray(values * weight), size)
    share = cv2.blur(np.ascontiguousarray(weight[..., 0]), size)[..., None]
    near = total / np.maximum(share, 1e-6)
    trust = np.clip(share * 50, 0, 1)
    return np.asarray(trust * near + (1 - trust) * values, np.float32)


def colours(
    prepared: ForegroundColours, matte: LinearMatte, x: int, y: int, pixels: Pixels, alpha: Pixels
) -> Pixels:
    """The foreground's colours of a rectangle of the layer.

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
    for rows, lattice in strips(grid, layer, (x, y), part.shape[:2]):
        _strip(prepared, lattice, part[rows], alpha[rows], out[rows])
    return np.asarray(out[..., 0] if flat else out)


def _strip(
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
        fore = lattice(_plane(prepared.foreground, c, pixels.shape[2]))
        back = lattice(_plane(prepared.background, c, pixels.shape[2]))
        best = _best(pixels[..., c].astype(np.float32), fore, back, share, top)
        np.copyto(out[..., c], best.astype(pixels.dtype), where=mixed)


def _plane(values: Float, c: int, count: int) -> Float:
    """One channel or, for grey layers, the mean of three."""
    return values[..., c] if count == 3 else values.mean(axis=2)


def _best(own: Float, fore: Float, back: Float, share: Float, top: np.float32) -> Float:
    own *= np.float32(1) / top
    rest = own - share * fore
    rest -= (np.float32(1) - share) * back
    rest *= share
    rest += fore
    rest *= top
    np.rint(rest, out=rest)
    return np.asarray(np.clip(rest, 0, top, out=rest))
