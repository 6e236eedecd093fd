"""A PNG written in bands: bounded memory, and bands compressed side by side."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..core.pixels import Pixels
from ..io.output import Output
from .deflate import deflate

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_INDEXED = 3
_BAND_BYTES = 2 << 20
_UP = 2


@dataclass(frozen=True)
class PngPlan:
    """What the image is: ``samples`` 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.

    ``chunks`` are what it says beside its pixels, name and data, in order. With a ``palette`` of
    RGB triples its one sample is a number of a colour.
    """

    width: int
    height: int
    samples: int
    depth: int
    icc: bytes | None = None
    level: int = 1
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    palette: bytes = b""

    @property
    def colour_type(self) -> int:
        """What the header says of its samples."""
        return _INDEXED if self.palette else _COLOUR_TYPES[self.samples]

    @property
    def row_bytes(self) -> int:
        """Bytes of an unfiltered row."""
        return self.width * self.samples * self.depth // 8

    @property
    def raw_bytes(self) -> int:
        """What is needed at most, nearly."""
        return (self.row_bytes + 1) * self.height + (1 << 16)


def write_png(out: Output, plan: PngPlan, read: Callable[[int, int], Pixels]) -> None:
    """Write an image whose rows ``read(first, last)`` gives as (rows, width, samples)."""
    out.write(_SIGNATURE)
    _write_chunk(out, b"IHDR", struct.pack(
        ">IIBBBBB", plan.width, plan.height, plan.depth, plan.colour_type, 0, 0, 0
    ))  # fmt: skip
    if plan.icc:
        _write_chunk(out, b"iCCP", b"ICC profile\0\0" + zlib.compress(plan.icc))
    for name, data in plan.chunks:
        _write_chunk(out, name, data)
    if plan.palette:
        _write_chunk(out, b"PLTE", plan.palette)
    for piece in deflate(_filter, _read_bands(plan, read), plan.level):
        _write_chunk(out, b"IDAT", piece)
    _write_chunk(out, b"IEND", b"")


def read_from_bands(bands: Iterator[tuple[int, Pixels]]) -> Callable[[int, int], Pixels]:
    """Return what gives rows in order, out of bands as they come: first row and pixels."""
    held: list[tuple[int, Pixels]] = [next(bands)]

    def read(first: int, last: int) -> Pixels:
        while held[-1][0] + len(held[-1][1]) < last:
            held.append(next(bands))
        while held[0][0] + len(held[0][1]) <= first:
            held.pop(0)
        parts = [rows[max(0, first - y) : last - y] for y, rows in held]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return read


def _write_chunk(out: Output, name: bytes, data: bytes) -> None:
    check = zlib.crc32(data, zlib.crc32(name))
    out.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", check))


def _read_bands(
    plan: PngPlan, read: Callable[[int, int], Pixels]
) -> Iterator[tuple[Pixels, Pixels | None]]:
    """Yield bands of raw bytes, each with the row above it."""
    step = max(1, _BAND_BYTES // plan.row_bytes)
    above: Pixels | None = None
    for y in range(0, plan.height, step):
        rows = read(y, min(y + step, plan.height))
        wide = rows.astype(rows.dtype.newbyteorder(">"), copy=False)
        raw = np.ascontiguousarray(wide).reshape(len(rows), -1).view(np.uint8)
        yield raw, above
        above = raw[-1]


def _filter(band: tuple[Pixels, Pixels | None]) -> Pixels:
    """Return rows as differences from the row above, each behind its filter's number."""
    raw, above = band
    filtered = np.empty((raw.shape[0], raw.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = raw[0] if above is None else raw[0] - above
    np.subtract(raw[1:], raw[:-1], out=filtered[1:, 1:])
    return filtered
