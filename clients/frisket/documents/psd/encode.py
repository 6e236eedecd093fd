"""Encoding one channel: packed rows where nothing but edges costs time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from ..core.errors import OutputError
from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels, to_byte_order
from ..encode.deflate import deflate
from ..io.output import Output
from ..io.parallel import map_ordered
from .channel import RLE, ZIP

_TILE = 512
_RUN = 128
_ZIP_LEVEL = 4


def pack_solid(value: int, count: int) -> bytes:
    """Return PackBits of ``count`` equal bytes."""
    full, rest = divmod(count, _RUN)
    packed = bytes((257 - _RUN, value)) * full
    if rest == 1:
        return packed + bytes((0, value))
    return packed + (bytes((257 - rest, value)) if rest else b"")


def pack_rows(alpha: AlphaSource, rect: Rect, order: str = ">") -> list[bytes]:
    """Return PackBits of the rows of a band; rows are packed tile by tile and joined.

    A solid tile costs a constant, so the work follows the edge and not the area.
    """
    from imagecodecs import packbits_encode

    rows: list[list[bytes]] = [[] for _ in range(rect.height)]
    for x in range(rect.x, rect.right, _TILE):
        tile = Rect(x, rect.y, min(_TILE, rect.right - x), rect.height)
        value = alpha.solid(tile)
        if value is not None:
            piece = pack_solid(value & 0xFF, tile.width * alpha.depth // 8)
            for row in rows:
                row.append(piece)
            continue
        raw = to_stored_bytes(alpha.read(tile), order)
        for row, line in zip(rows, raw, strict=True):
            row.append(bytes(packbits_encode(line.tobytes())))
    return [b"".join(row) for row in rows]


def pack_values(values: Pixels) -> list[bytes]:
    """Return PackBits of whole rows (rows, width), big-endian."""
    from imagecodecs import packbits_encode

    return [bytes(packbits_encode(line.tobytes())) for line in to_stored_bytes(values, ">")]


class PlaneSpools(contextlib.ExitStack):
    """Planes that are made beside one another, and follow one another in a file; a context.

    Args:
        count: how many planes.
        out: the file that they go into; they lie beside it until then.
        wide: whether lengths of rows take four bytes, as in a PSB.
    """

    def __init__(self, count: int, out: Output, wide: bool) -> None:
        super().__init__()
        self._out, self._wide = out, wide
        self._lengths: list[list[int]] = [[] for _ in range(count)]
        self._files: list[IO[bytes]] = [
            self.enter_context(
                tempfile.TemporaryFile(dir=Path(out.path).parent)  # noqa: SIM115
            )
            for _ in range(count)
        ]

    def add(self, planes: Iterable[Pixels]) -> None:
        """Pack the next rows (rows, width) of every plane."""
        packed = map_ordered(pack_values, planes)
        for rows, lengths, file in zip(packed, self._lengths, self._files, strict=True):
            lengths += map(len, rows)
            file.write(b"".join(rows))

    def write_joined(self) -> None:
        """Append all planes behind one table of lengths, as a merged image has them."""
        self._write(range(len(self._files)))

    def write_each(self) -> list[int]:
        """Append each plane with its own table, as a layer has them; their lengths in bytes."""
        sizes = []
        for number in range(len(self._files)):
            begin = self._out.tell()
            self._write([number])
            sizes.append(self._out.tell() - begin)
        return sizes

    def _write(self, numbers: Iterable[int]) -> None:
        numbers = list(numbers)
        table = [length for one in numbers for length in self._lengths[one]]
        stored = np.array(table, ">u4" if self._wide else ">u2")
        self._out.write(RLE.to_bytes(2, "big") + stored.tobytes())
        for number in numbers:
            file = self._files[number]
            size = file.tell()
            file.flush()
            self._out.copy(self._out.path, file.fileno(), 0, size)


def to_stored_bytes(values: Pixels, order: str) -> Pixels:
    """Return (rows, bytes of a row), uint8 in a byte order."""
    ordered = np.ascontiguousarray(values.astype(to_byte_order(values.dtype, order), copy=False))
    return ordered.view(np.uint8).reshape(values.shape[0], -1)


def split_bands(width: int, height: int) -> Iterator[Rect]:
    """Yield bands of a tile's height."""
    for y in range(0, height, _TILE):
        yield Rect(0, y, width, min(_TILE, height - y))


def make_rle_writer(alpha: AlphaSource, wide: bool, order: str = ">") -> Callable[[Output], None]:
    """Return a function that writes the channel: compression code, row lengths, rows."""

    def write(out: Output) -> None:
        begin = out.tell()
        width = 4 if wide else 2
        out.write(RLE.to_bytes(2, "big" if order == ">" else "little"))
        out.write(bytes(width * alpha.height))
        lengths: list[int] = []
        for band in split_bands(alpha.width, alpha.height):
            rows = pack_rows(alpha, band, order)
            lengths += map(len, rows)
            out.write(b"".join(rows))
        if not wide and max(lengths, default=0) > 0xFFFF:
            raise OutputError(
                out.path, "a row of the mask is too long for PSD",
                advice="name the output .psb, and it is written as a PSB",
            )  # fmt: skip
        out.patch(begin + 2, np.array(lengths, f"{order}u{width}").tobytes())

    return write


def make_zip_writer(
    read: Callable[[Rect], Pixels], size: tuple[int, int], order: str = ">"
) -> Callable[[Output], None]:
    """Return a function that writes the channel deflated; ``read`` gives (rows, width) samples."""

    def write(out: Output) -> None:
        out.write(ZIP.to_bytes(2, "big" if order == ">" else "little"))
        # Read in order: a channel that is deflated itself goes back only at a cost.
        bands = (read(band) for band in split_bands(*size))
        for piece in deflate(lambda values: to_stored_bytes(values, order), bands, _ZIP_LEVEL):
            out.write(piece)

    return write


def make_alpha_writer(
    alpha: AlphaSource, depth: int, wide: bool, order: str = ">"
) -> Callable[[Output], None]:
    """Return the channel of an alpha at a document's depth: packed rows, or deflated floats."""
    from ..colour.alpha import at_depth
    from ..core.pixels import convert_depth

    if depth == 32:
        deep = at_depth(alpha, 16)
        return make_zip_writer(
            lambda rect: convert_depth(deep.read(rect), 32), (alpha.width, alpha.height), order
        )
    return make_rle_writer(at_depth(alpha, depth), wide, order)
