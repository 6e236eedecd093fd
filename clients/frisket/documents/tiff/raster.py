"""Pixels of a TIFF page by rectangle, decoding only the strips and tiles it needs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..base.raster import BaseRaster, Block
from ..colour import Colour
from ..core.errors import DocumentError, UnreadableDocument
from ..core.model import Rect
from ..core.pixels import Pixels
from ..io.limits import MAX_SEGMENT
from ..io.positioned import pread
from .decoding import choose_decoder
from .page import (
    PageGeometry,
    PageSamples,
    describe_colour,
    describe_samples,
    read_display,
    read_geometry,
)

_CACHE_BYTES = 48 << 20
_CACHE_MOST = 128 << 20
_TILE_ROWS = 512
_BLOCK_BYTES = 4 << 20
_LOOKED_AT = 128  # the side of each of nine squares that tell the range of floats


class SegmentCache:
    """The segments decoded last, up to a number of bytes; safe for threads."""

    def __init__(self, limit: int = _CACHE_BYTES) -> None:
        self._limit, self._held = limit, 0
        self._items: OrderedDict[int, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: int) -> Pixels | None:
        """Return the segment, or None; a hit makes it the youngest."""
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def put(self, key: int, value: Pixels) -> None:
        """Keep the segment, dropping the oldest ones; the newest always stays."""
        with self._lock:
            if key in self._items:
                return
            self._items[key] = value
            self._held += value.nbytes
            while self._held > self._limit and len(self._items) > 1:
                _, old = self._items.popitem(last=False)
                self._held -= old.nbytes


class TiffRaster(BaseRaster):
    """One page, read with ``pread`` and decoded segment by segment."""

    def __init__(self, path: str, descriptor: int, size: int, page: Any) -> None:
        self.path, self._fd, self._size, self._page = path, descriptor, size, page
        self.geometry: PageGeometry = read_geometry(path, page)
        self.samples: PageSamples = describe_samples(page)
        self.width, self.height = self.geometry.width, self.geometry.height
        self.mode, self.has_alpha = self.samples.mode, self.samples.alpha
        self.channels = len(self.samples.taken)
        self.dtype = _choose_dtype(page.dtype)
        self.depth = 32 if self.dtype.kind == "f" else self.dtype.itemsize * 8
        self.prefers_rows = not self.geometry.tiled
        self.stored_dtype = np.dtype(page.dtype).newbyteorder("=")
        self._disk = self.stored_dtype.newbyteorder(page.parent.byteorder)
        self._offsets, self._counts = page.dataoffsets, page.databytecounts
        self._cache = SegmentCache(self._choose_cache_bytes())
        self._keeps_whole = True  # segments that were asked for as a whole
        self._decoding = [threading.Lock() for _ in range(32)]
        self._decoder = choose_decoder(page)
        self._colour = describe_colour(page, self.samples)
        if self._colour.palette is not None:
            self.depth = 8  # of its colours, however wide the numbers of its entries are
        self._ranged = not (self.mode in ("RGB", "GRAY") and self.dtype.kind == "f")
        self.levels: list[TiffRaster] = []

    def _choose_cache_bytes(self) -> int:
        """Return room for the strips under one row of tiles, so that none is decoded twice."""
        return _CACHE_BYTES if self.geometry.tiled else max(_CACHE_BYTES, self._measure_rows())

    def _measure_rows(self) -> int:
        """Return the bytes of all segments under one row of tiles, and no more than can be kept."""
        row = self.width * self.geometry.samples * self.dtype.itemsize
        return min(_CACHE_MOST, (_TILE_ROWS + 2 * self.geometry.tile_height) * row)

    def read_once(self) -> None:
        """Keep the segments under one row of tiles, of which more is still to be read."""
        self._cache = SegmentCache(self._measure_rows())
        self._keeps_whole = False

    @property
    def colour(self) -> Colour:
        """How the samples become sRGB; floats are looked at first, for their range."""
        if not self._ranged:
            self._colour = self._fit_floats(self._colour)
            self._ranged = True
        return self._colour

    def _fit_floats(self, colour: Colour) -> Colour:
        side, colours = _LOOKED_AT, self.samples.taken[: self._colour.colours]
        across, down = (max(1, size - side) for size in (self.width, self.height))
        parts = [
            Rect(x, y, min(side, self.width - x), min(side, self.height - y))
            for y in sorted({0, down // 2, down - 1})
            for x in sorted({0, across // 2, across - 1})
        ]
        seen = [self.read_samples(part, colours).ravel() for part in parts]
        return colour.fit_floats(np.concatenate(seen), read_display(self._page))

    def _read(self, rect: Rect) -> Pixels:
        return self.read_samples(rect, self.samples.taken)

    def read_samples(self, rect: Rect, taken: tuple[int, ...] = ()) -> Pixels:
        """Return (height, width, samples): those of ``taken``, or all that are stored."""
        return self._gather(rect, taken or tuple(range(self.geometry.samples)), self._read_cached)

    def _gather(
        self, rect: Rect, taken: tuple[int, ...], segment: Callable[[int, int, int, Rect], Pixels]
    ) -> Pixels:
        """Copy the parts of all segments that the rectangle touches into one array."""
        shape = self.geometry
        alone = self._read_whole_segment(rect, taken)
        if alone is not None:
            return alone
        out = np.empty((rect.height, rect.width, len(taken)), self.dtype)
        for row in range(rect.y // shape.tile_height, -(-rect.bottom // shape.tile_height)):
            for column in range(rect.x // shape.tile_width, -(-rect.right // shape.tile_width)):
                cell = self._find_cell(row, column)
                part = cell.intersect(rect)
                target = out[
                    part.y - rect.y : part.bottom - rect.y, part.x - rect.x : part.right - rect.x
                ]
                inner = part.shift(-cell.x, -cell.y)
                self._fill(target, row, column, inner, taken, segment)
        return out

    def _read_whole_segment(self, rect: Rect, taken: tuple[int, ...]) -> Pixels | None:
        """Return a rectangle that is exactly one tile, decoded straight into the answer."""
        shape = self.geometry
        row, column = rect.y // shape.tile_height, rect.x // shape.tile_width
        every = taken == tuple(range(shape.samples))
        if shape.planar or shape.raw or not every or rect != self._find_cell(row, column):
            return None
        if self._cache.get(shape.index(0, row, column)) is not None:
            return None
        return self._decode(shape.index(0, row, column), row, column)

    def _fill(
        self,
        target: Pixels,
        row: int,
        column: int,
        inner: Rect,
        taken: tuple[int, ...],
        segment: Callable[[int, int, int, Rect], Pixels],
    ) -> None:
        if self.geometry.planar:
            for place, sample in enumerate(taken):
                target[..., place] = segment(sample, row, column, inner)[..., 0]
            return
        part = segment(0, row, column, inner)
        target[...] = part if len(taken) == part.shape[-1] else part[..., list(taken)]

    def _find_cell(self, row: int, column: int) -> Rect:
        shape = self.geometry
        return Rect(
            column * shape.tile_width, row * shape.tile_height, shape.tile_width, shape.tile_height
        )

    def _read_cached(self, plane: int, row: int, column: int, inner: Rect) -> Pixels:
        """Return part of a segment; compressed ones are decoded once and kept for a while."""
        if self.geometry.raw:
            return self._read_raw_rows(plane, row, column, inner)
        key = self.geometry.index(plane, row, column)
        found = self._cache.get(key)
        if found is None:
            with self._decoding[key % len(self._decoding)]:  # one thread decodes, others wait
                found = self._cache.get(key)
                if found is None:
                    found = self._decode(key, row, column)
                    if self._keeps_whole or inner.width * inner.height < found[..., 0].size:
                        self._cache.put(key, found)
        return found[inner.y : inner.bottom, inner.x : inner.right]

    def _read_uncached(self, plane: int, row: int, column: int, inner: Rect) -> Pixels:
        if self.geometry.raw:
            return self._read_raw_rows(plane, row, column, inner)
        found = self._decode(self.geometry.index(plane, row, column), row, column)
        return found[inner.y : inner.bottom, inner.x : inner.right]

    def _read_raw_rows(self, plane: int, row: int, column: int, inner: Rect) -> Pixels:
        """Return rows of an uncompressed segment, straight from the file."""
        shape = self.geometry
        held = 1 if shape.planar else shape.samples
        row_bytes = shape.tile_width * held * self._disk.itemsize
        offset, length = self._find_segment(shape.index(plane, row, column))
        wanted = inner.height * row_bytes
        if offset == 0 and length == 0:
            return np.zeros((inner.height, inner.width, held), self.dtype)
        start = inner.y * row_bytes
        if start + wanted > length and not self._is_short_count(offset, start + wanted, row):
            raise UnreadableDocument(
                self.path, "a strip or tile is shorter than its pixels", offset=offset
            )
        if inner.width * 8 < shape.tile_width:  # a narrow part of long rows
            return self._read_narrow(offset + start, row_bytes, inner, held)
        data = self._read_bytes(offset + start, wanted)
        rows = np.frombuffer(data, self._disk).reshape(inner.height, shape.tile_width, held)
        return _to_native(rows[:, inner.x : inner.right], self.dtype)

    def _read_narrow(self, offset: int, row_bytes: int, inner: Rect, held: int) -> Pixels:
        """Return a few columns of uncompressed rows, without reading the rest of the rows."""
        item = held * self._disk.itemsize
        length, first = inner.width * item, offset + inner.x * item
        data = b"".join(
            self._read_bytes(first + row * row_bytes, length) for row in range(inner.height)
        )
        rows = np.frombuffer(data, self._disk).reshape(inner.height, inner.width, held)
        return _to_native(rows, self.dtype)

    def _is_short_count(self, offset: int, needed: int, row: int) -> bool:
        """Tell whether a length is only stored wrong: strips that follow one another are whole."""
        alone = self.geometry.down == 1 and row == 0
        in_file = offset + needed <= self._size
        return in_file and (alone or bool(self._page.is_contiguous))

    def _find_segment(self, index: int) -> tuple[int, int]:
        if index >= len(self._offsets) or index >= len(self._counts):
            raise UnreadableDocument(self.path, f"strip or tile {index} is missing")
        try:
            return int(self._offsets[index]), int(self._counts[index])
        except (TypeError, ValueError, OverflowError) as error:  # not a number, or several
            raise UnreadableDocument(
                self.path, f"strip or tile {index} lies nowhere: its place is no whole number"
            ) from error

    def _read_bytes(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or length > MAX_SEGMENT * 2 or offset + length > self._size:
            raise UnreadableDocument(
                self.path, "the file ends before its pixels do", offset=max(0, offset)
            )
        data = pread(self._fd, length, offset)
        while len(data) < length:
            more = pread(self._fd, length - len(data), offset + len(data))
            if not more:
                raise UnreadableDocument(self.path, "the file became shorter", offset=offset)
            data += more
        return data

    def _decode(self, index: int, row: int, column: int) -> Pixels:
        """Return a whole segment (rows, columns, samples), cropped only where the decoder did."""
        offset, length = self._find_segment(index)
        shape = self.geometry
        held = 1 if shape.planar else shape.samples
        rows = min(shape.tile_height, shape.height - row * shape.tile_height)
        columns = min(shape.tile_width, shape.width - column * shape.tile_width)
        if length == 0:
            return np.full((rows, columns, held), self._page.nodata, self.dtype)
        data = self._read_bytes(offset, min(length, max(0, self._size - offset)))
        try:
            decoded = self._decoder(data, index)
        except DocumentError:
            raise
        except Exception as error:
            raise self._name_failure(error, offset) from error
        if decoded is None:
            return np.full((rows, columns, held), self._page.nodata, self.dtype)
        part = decoded[0]
        if part.shape[0] < rows or part.shape[1] < columns or part.shape[2] != held:
            raise UnreadableDocument(self.path, "a strip or tile is incomplete", offset=offset)
        return _to_native(part, self.dtype)

    def _name_failure(self, error: Exception, offset: int) -> UnreadableDocument:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return UnreadableDocument(
            self.path, f"a strip or tile cannot be decoded ({reason})", offset=offset
        )

    def _average(self, size: tuple[int, int], seen: Callable[[int], None]) -> Pixels:
        """Average the smallest pyramid level that is large enough, where there is one."""
        for level in self.levels:
            if level.width >= size[0] and level.height >= size[1]:
                level._colour = replace(
                    level._colour, display=self.colour.display, tone=self.colour.tone
                )
                level._ranged = True
                return level._average(size, seen)
        return super()._average(size, seen)

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        for rect in self._split_blocks():
            yield partial(self._read_block, rect)

    def _read_block(self, rect: Rect) -> Block:
        return rect.x, rect.y, self._gather(rect, self.samples.taken, self._read_uncached)

    def _split_blocks(self) -> Iterator[Rect]:
        """Yield rectangles of whole segments, of about four megabytes."""
        shape, item = self.geometry, self.dtype.itemsize * self.geometry.samples
        if shape.tiled:
            run = max(1, _BLOCK_BYTES // (shape.tile_width * shape.tile_height * item))
            width, rows = run * shape.tile_width, shape.tile_height
        else:
            width = shape.width
            wanted = max(1, _BLOCK_BYTES // (shape.width * item))
            step = 1 if shape.raw else shape.tile_height
            rows = max(1, wanted // step) * step
        for y in range(0, shape.height, rows):
            for x in range(0, shape.width, width):
                yield Rect(x, y, min(width, shape.width - x), min(rows, shape.height - y))


def _choose_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the type of ``read``: native order; floats become float32, single bits uint8."""
    kind = np.dtype(dtype).newbyteorder("=")
    if kind.kind == "f":
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if kind.kind == "b" else kind


def _to_native(values: Pixels, dtype: np.dtype[Any]) -> Pixels:
    with np.errstate(over="ignore", invalid="ignore"):  # doubles beyond a float become endless
        return values.astype(dtype, copy=False)
