"""Colour formulas for documents without a profile: sRGB, Lab, CMYK and YCbCr."""

from __future__ import annotations

import numpy as np

from ..core.pixels import Pixels, convert_depth, peak_of

# XYZ of D50 to linear sRGB, Bradford-adapted to D65 (IEC 61966-2-1, ICC.1).
_XYZ_D50_TO_RGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ],
    np.float32,
)
_WHITE_D50 = np.array([0.9642, 1.0, 0.8249], np.float32)


def linear_to_srgb(light: Pixels) -> Pixels:
    """Apply the sRGB transfer function to floats 0..1."""
    curve = 1.055 * np.power(np.maximum(light, 0.0031308), 1 / 2.4) - 0.055
    result: Pixels = np.where(light <= 0.0031308, light * 12.92, curve).astype(np.float32)
    return result


def srgb_to_linear(values: Pixels) -> Pixels:
    """Undo the sRGB transfer function of floats 0..1."""
    curve = np.power((np.maximum(values, 0.04045) + 0.055) / 1.055, 2.4)
    result: Pixels = np.where(values <= 0.04045, values / 12.92, curve).astype(np.float32)
    return result


def lab_to_srgb(values: Pixels) -> Pixels:
    """Turn Lab (D50; L over the full range, a and b offset by half of it) into sRGB, same depth."""
    scale = np.float32(255.0 / peak_of(values.dtype))
    light, a, b = (values[..., i].astype(np.float32) * scale for i in range(3))
    fy = (light * np.float32(100 / 255) + 16) / 116
    f = np.stack([fy + (a - 128) / 500, fy, fy - (b - 128) / 200], -1)
    cube = f**3
    xyz = np.where(cube > 0.008856, cube, (f - np.float32(16 / 116)) / 7.787) * _WHITE_D50
    rgb = linear_to_srgb(np.clip(xyz @ _XYZ_D50_TO_RGB.T, 0, 1))
    return convert_depth(rgb.astype(np.float32), values.dtype.itemsize * 8)


def srgb_to_lab(values: Pixels) -> Pixels:
    """Turn sRGB into Lab as ``lab_to_srgb`` takes it, same depth."""
    xyz = srgb_to_linear(convert_depth(values, 32)) @ np.linalg.inv(_XYZ_D50_TO_RGB).T
    share = np.maximum(xyz / _WHITE_D50, 0)
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + np.float32(16 / 116))
    light = (116 * f[..., 1] - 16) * (255 / 100)
    a, b = 500 * (f[..., 0] - f[..., 1]) + 128, 200 * (f[..., 1] - f[..., 2]) + 128
    shares = np.stack([light, a, b], -1) / 255
    return convert_depth(shares.astype(np.float32), values.dtype.itemsize * 8)


def cmyk_to_rgb(values: Pixels) -> Pixels:
    """Turn inks without a profile (full ink = greatest value) into RGB: each absorbs its colour."""
    top = peak_of(values.dtype)
    light = (top - values[..., :3].astype(np.uint32)).astype(np.uint32)
    if values.shape[-1] > 3:
        key = top - values[..., 3:4].astype(np.uint32)
        light = (light * key + top // 2) // top
    return light.astype(values.dtype)


def rgb_to_cmyk(values: Pixels, black: Pixels) -> Pixels:
    """Undo ``cmyk_to_rgb``: the inks that give RGB, same depth.

    Args:
        values: (h, w, 3), uint8 or uint16.
        black: (h, w, 1), the same type: the black ink, of which less is taken where it is too dark.
    """
    top = peak_of(values.dtype)
    black = np.minimum(black, top - values.max(axis=-1, keepdims=True))
    key = np.maximum(top - black.astype(np.int64), 1)
    light = np.minimum((values.astype(np.int64) * top + key // 2) // key, top)
    return np.concatenate([top - light, black], axis=-1).astype(values.dtype)


def ycbcr_to_rgb(values: Pixels) -> Pixels:
    """Turn full-range YCbCr of ITU-R BT.601 into RGB, same depth."""
    top = peak_of(values.dtype)
    y, cb, cr = (values[..., i].astype(np.float32) for i in range(3))
    cb, cr = cb - (top + 1) / 2, cr - (top + 1) / 2
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return np.asarray(np.clip(rgb + 0.5, 0, top)).astype(values.dtype)
