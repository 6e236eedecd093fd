"""Rows of pixels in other orders, for Krita. Pure Python, no NumPy.

Krita's RGB is stored as blue, green, red, alpha, in 8 or 16-bit integers.
"""

from __future__ import annotations

_FULL = bytes([0]) + bytes([255]) * 255


def to_rgb(bgra_rows: bytes, deep: bool = False) -> bytes:
    """Return RGB rows of BGRA rows with 8 bits a sample, or 16 when `deep`."""
    size = 2 if deep else 1
    out = bytearray(len(bgra_rows) // 4 * 3)
    for target, source in enumerate((2, 1, 0)):
        for byte in range(size):
            samples = bgra_rows[source * size + byte :: 4 * size]
            out[target * size + byte :: 3 * size] = samples
    return bytes(out)


def to_rgba(bgra_rows: bytes) -> bytes:
    """Return 8-bit RGBA rows of BGRA rows."""
    out = bytearray(bgra_rows)
    out[0::4], out[2::4] = bgra_rows[2::4], bgra_rows[0::4]
    return bytes(out)


def to_bgra(rgb_rows: bytes, deep: bool = False) -> bytes:
    """Return opaque BGRA rows of RGB rows with 8 bits a sample, or 16 when `deep`."""
    size = 2 if deep else 1
    out = bytearray(b"\xff") * (len(rgb_rows) // 3 * 4)
    for target, source in enumerate((2, 1, 0)):
        for byte in range(size):
            samples = rgb_rows[source * size + byte :: 3 * size]
            out[target * size + byte :: 4 * size] = samples
    return bytes(out)


def find_differences(old: bytes, new: bytes, size: int) -> bytes:
    """Return 255 for every pixel of `size` bytes that differs, else 0."""
    found = 0
    for byte in range(size):
        found |= _to_number(old[byte::size]) ^ _to_number(new[byte::size])
    return found.to_bytes(len(old) // size, "little").translate(_FULL)


def replace_where(native: bytes, fresh: bytes, where: bytes, alpha_bytes: int) -> bytes:
    """Return native pixels with fresh colours in some places, and their own alpha.

    Args:
        native: pixels with alpha last.
        fresh: as many others of the same kind.
        where: 255 for every pixel to be replaced, else 0.
        alpha_bytes: how many bytes alpha has.
    """
    size = len(native) // max(1, len(where))
    mask = bytearray(len(native))
    for byte in range(size - alpha_bytes):
        mask[byte::size] = where
    chosen, old = _to_number(bytes(mask)), _to_number(native)
    return (old ^ (chosen & (old ^ _to_number(fresh)))).to_bytes(len(native), "little")


def _to_number(data: bytes) -> int:
    """All bytes as one number: sums over it run at the speed of memory."""
    return int.from_bytes(data, "little")
