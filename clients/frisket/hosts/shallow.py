"""Samples of any depth with 8 bits, as GIMP hands small pictures over. Pure Python."""

from __future__ import annotations

import struct
import sys
from functools import lru_cache

_FLOATS = {"half": "e", "float": "f", "double": "d"}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "u32": 4, "half": 2, "float": 4, "double": 8}
"""The kinds of samples, and the bytes of each."""


def _encode(light: float) -> float:
    """Return a value of sRGB's curve (IEC 61966-2-1), 0..1."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


_CURVE = bytes(round(255 * _encode(value / 255)) for value in range(256))


# Who looks for changes a few times a second mostly sees the same.
@lru_cache(maxsize=1)
def shorten(data: bytes, kind: str) -> bytes:
    """Return samples with 8 bits.

    Args:
        data: samples in the machine's own order.
        kind: one of `SAMPLE_BYTES`; floats are 0..1, and what lies beyond is cut off.
    """
    size = SAMPLE_BYTES[kind]
    if size == 1:
        return data
    if kind not in _FLOATS:
        return data[size - 1 if sys.byteorder == "little" else 0 :: size]
    values = struct.unpack(f"={len(data) // size}{_FLOATS[kind]}", data)
    return bytes(round(255 * min(1.0, value)) if value > 0 else 0 for value in values)


def bend(samples: bytes) -> bytes:
    """Return 8-bit samples of linear light by sRGB's curve."""
    return samples.translate(_CURVE)
