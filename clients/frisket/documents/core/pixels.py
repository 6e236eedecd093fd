"""The one name for arrays of samples, and the few operations every format shares."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Pixels: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def peak_of(dtype: np.dtype[Any]) -> int:
    """Return the value of full intensity: 255, 65535, or 1 for floats."""
    return int(np.iinfo(dtype).max) if dtype.kind in "ui" else 1


def to_byte_order(dtype: np.dtype[Any], order: str) -> np.dtype[Any]:
    """Return the type in a byte order, ``<`` or ``>``."""
    ordered: np.dtype[Any] = dtype.newbyteorder("<" if order == "<" else ">")
    return ordered


def as_bytes(values: Pixels) -> memoryview:
    """Return the bytes of a contiguous array, without a copy."""
    return values.reshape(-1).view(np.uint8).data


def dtype_of(depth: int) -> np.dtype[np.generic]:
    """Return the type of a sample of 8, 16 or 32 bits: uint8, uint16 or float32."""
    return np.dtype({8: np.uint8, 16: np.uint16, 32: np.float32}[depth])


def convert_depth(values: Pixels, depth: int) -> Pixels:
    """Rescale samples to 8, 16 or 32 bits, rounding to nearest; a copy only if needed."""
    target = dtype_of(depth)
    if values.dtype == target:
        return values
    if values.dtype == np.uint8 and depth == 16:
        return np.asarray(values.astype(np.uint16) * np.uint16(257))
    if values.dtype == np.uint16 and depth == 8:
        return ((values.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)
    if depth == 32:
        return np.asarray(values / np.float32(peak_of(values.dtype)), np.float32)
    top = peak_of(target)
    return np.asarray(np.clip(np.nan_to_num(values), 0, 1) * top + 0.5).astype(target)


def to_rgba(pixels: Pixels) -> Pixels:
    """Return 8-bit sRGB (height, width, 3 or 4) with opacity; what has none is opaque."""
    out: Pixels = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    out[..., : pixels.shape[2]] = pixels
    return out
