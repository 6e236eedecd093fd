"""From the bytes of a strip or tile to its samples; tifffile does all but LZW."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.pixels import Pixels
from .page import JPEG

#: Stored bytes and the number of the segment to (1, rows, columns, samples), or None for a gap.
Decode = Callable[[bytes, int], Pixels | None]
_NONE, _LZW = 1, 5
_SHORT, _LONG = 3, 4


def choose_decoder(page: Any) -> Decode:
    """Return what decodes the segments of a page; it raises whatever its codec raises."""
    if page.compression == _LZW:
        return partial(_decode_lzw, _strip_compression(page), page.fillorder == 2)
    tables = {}
    if page.compression in JPEG:
        tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
    return lambda data, index: page.decode(data, index, **tables)[0]


def _strip_compression(page: Any) -> Any:
    """Return the same page, as if nothing but the predictor had to be undone."""
    plain = copy.copy(page)
    plain.__dict__.pop("decode", None)  # kept from an earlier use
    plain.compression, plain.fillorder = _NONE, 1
    return plain


def _decode_lzw(plain: Any, reversed_bits: bool, data: bytes, index: int) -> Pixels | None:
    """Decode by libtiff: the decoder that tifffile uses follows codes that no table holds.

    Damaged files made it read, and crash at, addresses of their choosing. libtiff checks every
    code, and is faster.
    """
    import imagecodecs

    if reversed_bits:
        data = bytes(imagecodecs.bitorder_decode(data))
    depth, rows, columns, samples = plain.decode(None, index)[2]
    row_bytes = -(-columns * samples * plain.bitspersample // 8)
    small = _wrap_row(data, depth * rows * row_bytes)
    decoded: Pixels | None = plain.decode(imagecodecs.tiff_decode(small).tobytes(), index)[0]
    return decoded


def _wrap_row(data: bytes, length: int) -> bytes:
    """Return a TIFF of one row of ``length`` bytes whose only strip is LZW ``data``."""
    tags = [
        (256, _LONG, length), (257, _LONG, 1), (258, _SHORT, 8), (259, _SHORT, _LZW),
        (262, _SHORT, 1), (273, _LONG, 0), (277, _SHORT, 1), (278, _LONG, 1),
        (279, _LONG, len(data)),
    ]  # fmt: skip
    start = 8 + 2 + 12 * len(tags) + 4
    entries = (struct.pack("<HHII", tag, kind, 1, value or start) for tag, kind, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return head + b"".join(entries) + bytes(4) + data
