"""Krita's native pixels as 8-bit sRGB rows. Pure Python, no NumPy.

Krita hands over what it stores: BGRA, grey, CMYK or Lab with alpha last, as 8 or 16-bit
integers or as half or single floats. No profile comes with it, so integers are taken as
they are and floats as linear light with sRGB's primaries; the proxy and the tiles go
through the same sums, which is what matters for the edge.
"""

from __future__ import annotations

import struct
from functools import lru_cache

CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4}
BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}


def supported(model: str, depth: str) -> bool:
    """Tell whether pixels of a colour model and depth can be read."""
    return model in CHANNELS and depth in BYTES


def narrow(data: bytes, model: str, depth: str) -> bytes:
    """Return the same channels with 8 bits each."""
    if depth == "U8":
        return data
    if depth == "U16":
        return data[1::2]
    # Of a single float the upper half is kept: 8 bits of precision are enough here.
    words = memoryview(data).cast("H") if depth == "F16" else memoryview(data).cast("H")[1::2]
    samples = bytearray(map(_float_table(depth).__getitem__, words.tolist()))
    count = CHANNELS[model]
    samples[count - 1 :: count] = samples[count - 1 :: count].translate(_linear_again())
    return bytes(samples)


def quads(samples: bytes, model: str) -> bytes:
    """Return four 8-bit channels a pixel, alpha last, for Qt to reduce.

    Grey becomes BGRA; of CMYK the black is left out, see `black`.
    """
    if model in ("RGBA", "LABA"):
        return samples
    count = CHANNELS[model]
    out = bytearray(len(samples) // count * 4)
    sources = (0, 0, 0, 1) if model == "GRAYA" else (0, 1, 2, 4)
    for target, source in enumerate(sources):
        out[target::4] = samples[source::count]
    return bytes(out)


def black(samples: bytes) -> bytes:
    """Return the black of 8-bit CMYKA pixels."""
    return samples[3::5]


def rgb(four: bytes, model: str, key: bytes = b"") -> bytes:
    """Return RGB rows of what `quads` returned.

    Args:
        four: four channels a pixel.
        model: Krita's colour model.
        key: the black, for CMYK.
    """
    if model == "CMYKA":
        return _cmyk(four, key)
    if model == "LABA":
        return _lab(four)
    out = bytearray(len(four) // 4 * 3)
    out[0::3], out[1::3], out[2::3] = four[2::4], four[1::4], four[0::4]
    return bytes(out)


def rgba(four: bytes, model: str, key: bytes = b"") -> bytes:
    """Return RGBA rows of what `quads` returned."""
    colours = rgb(four, model, key)
    out = bytearray(len(four))
    for channel in range(3):
        out[channel::4] = colours[channel::3]
    out[3::4] = four[3::4]
    return bytes(out)


def tile(data: bytes, model: str, depth: str) -> bytes:
    """Return native pixels as RGB rows."""
    samples = narrow(data, model, depth)
    key = black(samples) if model == "CMYKA" else b""
    return rgb(quads(samples, model), model, key)


def _cmyk(four: bytes, key: bytes) -> bytes:
    rows = _products()
    out = bytearray(len(key) * 3)
    for channel in range(3):
        pairs = zip(key, four[channel::4], strict=True)
        out[channel::3] = bytes([rows[k][ink] for k, ink in pairs])
    return bytes(out)


def _lab(four: bytes) -> bytes:
    known = _LabColours()
    # Two bits of a and b are dropped: it makes the colours few and changes no edge.
    triples = zip(four[0::4], four[1::4].translate(_COARSE), four[2::4].translate(_COARSE))  # noqa: B905
    return b"".join([known[triple] for triple in triples])


_COARSE = bytes((value & 0xFC) for value in range(256))


class _LabColours(dict[tuple[int, int, int], bytes]):
    """Lab colours as sRGB, each worked out once."""

    def __missing__(self, lab: tuple[int, int, int]) -> bytes:
        self[lab] = value = bytes(_lab_colour(*lab))
        return value


def _lab_colour(light: int, a: int, b: int) -> tuple[int, int, int]:
    """Return one D50 Lab colour, 8-bit with 128 as neutral, as sRGB (Bradford)."""
    fy = (light / 2.55 + 16) / 116
    x = 0.9642 * _lab_inverse(fy + (a - 128) / 500)
    y = _lab_inverse(fy)
    z = 0.8249 * _lab_inverse(fy - (b - 128) / 200)
    return (
        _encode(3.1339 * x - 1.6169 * y - 0.4906 * z),
        _encode(-0.9785 * x + 1.9160 * y + 0.0333 * z),
        _encode(0.0720 * x - 0.2290 * y + 1.4057 * z),
    )


def _lab_inverse(value: float) -> float:
    return value**3 if value > 6 / 29 else (value - 16 / 116) / 7.787


def _encode(linear: float) -> int:
    """Return linear light with sRGB's curve, 0..255."""
    if not linear > 0:
        return 0
    if linear >= 1:
        return 255
    curved = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * curved)


@lru_cache(maxsize=2)
def _float_table(depth: str) -> bytes:
    """Return the encoded value of every half float, or of every upper half of a float."""
    words = struct.pack("<65536H", *range(65536))
    if depth == "F16":
        values = struct.unpack("<65536e", words)
    else:
        shifted = b"".join(b"\0\0" + words[i : i + 2] for i in range(0, len(words), 2))
        values = struct.unpack("<65536f", shifted)
    return bytes(map(_encode, values))


@lru_cache(maxsize=1)
def _linear_again() -> bytes:
    """Return a table that undoes the curve for alpha, which is linear."""
    out = bytearray()
    for value in range(256):
        curved = value / 255
        linear = curved / 12.92 if curved <= 0.04045 else ((curved + 0.055) / 1.055) ** 2.4
        out.append(round(255 * linear))
    return bytes(out)


@lru_cache(maxsize=1)
def _products() -> list[bytes]:
    """Return for every black the table from ink to light."""
    return [
        bytes(((255 - ink) * (255 - key) + 127) // 255 for ink in range(256)) for key in range(256)
    ]
