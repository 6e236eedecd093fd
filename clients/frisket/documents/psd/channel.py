"""One channel of a PSD: rows on demand, whatever compression it is stored with."""

from __future__ import annotations

import threading
import zlib
from typing import Any

import numpy as np

from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.pixels import Pixels, as_bytes, to_byte_order
from ..io.source import Source

RAW, RLE, ZIP, ZIP_PREDICTED = 0, 1, 2, 3
_ROW_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype(np.uint8), 8: np.dtype(np.uint8)}
_ROW_TYPES |= {16: np.dtype(">u2"), 32: np.dtype(">f4")}
_READ = 1 << 20
_SNAPSHOT_BYTES = 4 << 20
_SNAPSHOTS = 256


class ChannelReader:
    """Rows of one channel.

    RAW and RLE are read at random. ZIP can only be inflated from its beginning: the reader
    remembers where it is, so rows asked for from top to bottom are inflated once.
    """

    def __init__(
        self,
        source: Source,
        start: int,
        length: int,
        size: tuple[int, int],
        depth: int,
        *,
        wide: bool,
        order: str = ">",
    ) -> None:
        """A channel of ``size`` (width, height) whose compression code lies at ``start``."""
        self.source, self.start, self.length, self.depth = source, start, length, depth
        self.width, self.height = size
        self.order = order
        self.row_bytes = (self.width * depth + 7) // 8
        self.kind = to_byte_order(_ROW_TYPES[depth], order)
        if length < 2:
            raise UnreadableDocument(source.path, "a channel has no data", offset=start)
        self.compression = int.from_bytes(
            source.read(start, 2), "big" if order == ">" else "little"
        )
        self._table: Pixels | None = None
        self._wide = wide
        self._zip: ZipRows | None = None
        self._prepare()

    @property
    def sequential(self) -> bool:
        """Rows can only be had from top to bottom."""
        return self.compression in (ZIP, ZIP_PREDICTED)

    def _prepare(self) -> None:
        if self.compression == RAW:
            if self.length - 2 < self.row_bytes * self.height:
                raise self.name_shortage()
        elif self.compression == RLE:
            self._table = self._read_row_table()
        elif self.sequential:
            self._zip = ZipRows(self)
        else:
            raise UnsupportedDocument(
                self.source.path, f"channel compression {self.compression}", offset=self.start
            )

    def name_shortage(self) -> UnreadableDocument:
        """Return the error of a channel that ends too early."""
        return UnreadableDocument(
            self.source.path, "a channel is shorter than its rows", offset=self.start
        )

    def _read_row_table(self) -> Pixels:
        """Return positions of the rows, one more than there are rows."""
        width = 4 if self._wide else 2
        if self.length - 2 < width * self.height:
            raise self.name_shortage()
        raw = self.source.read(self.start + 2, width * self.height)
        lengths = np.frombuffer(raw, np.dtype(f"{self.order}u{width}")).astype(np.int64)
        table = np.zeros(self.height + 1, np.int64)
        np.cumsum(lengths, out=table[1:])
        table += self.start + 2 + width * self.height
        if int(table[-1]) > self.start + self.length:
            raise UnreadableDocument(
                self.source.path, "the rows of a channel overrun it", offset=self.start
            )
        return table

    @property
    def inflated(self) -> int:
        """Bytes that were inflated so far."""
        return self._zip.inflated if self._zip is not None else 0

    def read_rows(self, first: int, last: int) -> Pixels:
        """Return rows ``first`` up to before ``last`` as (rows, width) in the native byte order.

        Depth 1 comes as uint8, 255 where the bit is set.
        """
        raw = self._read_raw(first, last)
        if self.depth == 1:
            bits: Pixels = np.unpackbits(raw, axis=1)[:, : self.width] * np.uint8(255)
            return bits
        values: Pixels = raw.view(self.kind)
        return values.astype(self.kind.newbyteorder("="), copy=False)

    def _read_raw(self, first: int, last: int) -> Pixels:
        if self.compression == RAW:
            data = self.source.read(
                self.start + 2 + first * self.row_bytes, (last - first) * self.row_bytes
            )
            return np.frombuffer(data, np.uint8).reshape(last - first, self.row_bytes)
        if self._zip is not None:
            return self._zip.read_rows(first, last)
        return self._unpack(first, last)

    def _unpack(self, first: int, last: int) -> Pixels:
        from imagecodecs import packbits_decode

        assert self._table is not None
        ends = self._table[first : last + 1]
        base = int(ends[0])
        data = memoryview(self.source.read(base, int(ends[-1]) - base))
        marks = (ends - base).tolist()
        out = np.empty((last - first, self.row_bytes), np.uint8)
        for row in range(last - first):
            packed = data[marks[row] : marks[row + 1]]
            try:
                filled = packbits_decode(bytes(packed), out=out[row])
                complete = len(filled) == self.row_bytes
            except Exception:  # the codec refuses rows that are too long
                complete = False
            if not complete:
                out[row] = unpack_leniently(bytes(packed), self.row_bytes)
        return out


def unpack_leniently(packed: bytes, size: int) -> Pixels:
    """Unpack PackBits of a malformed row: cut where too long, zeros where too short."""
    out = bytearray()
    position = 0
    while position < len(packed) and len(out) < size:
        code = packed[position]
        position += 1
        if code < 128:
            out += packed[position : position + code + 1]
            position += code + 1
        elif code > 128:
            out += packed[position : position + 1] * (257 - code)
            position += 1
    return np.frombuffer(bytes(out[:size].ljust(size, b"\0")), np.uint8)


class ZipRows:
    """Rows of a ZIP channel, inflated in order and in bounded memory.

    Snapshots of the inflater are kept at intervals, so that going back costs one interval
    instead of everything from the beginning.
    """

    def __init__(self, channel: ChannelReader) -> None:
        self._channel = channel
        total = channel.row_bytes * channel.height
        interval = max(_SNAPSHOT_BYTES, total // _SNAPSHOTS)
        self._every = max(1, interval // max(1, channel.row_bytes))
        self._end = channel.start + channel.length
        self._inflater: Any = zlib.decompressobj()
        self._position, self._pending, self._row = channel.start + 2, b"", 0
        self._snapshots: list[tuple[Any, int]] = [(self._inflater.copy(), self._position)]
        self._lock = threading.Lock()
        self.inflated = 0

    def _resume(self, snapshot: int) -> None:
        inflater, self._position = self._snapshots[snapshot]
        self._inflater = inflater.copy()
        self._pending = b""
        self._row = snapshot * self._every

    def read_rows(self, first: int, last: int) -> Pixels:
        """Return rows as (rows, bytes of a row) uint8, in the channel's byte order."""
        with self._lock:
            nearest = min(first // self._every, len(self._snapshots) - 1)
            if first < self._row or nearest * self._every > self._row:
                self._resume(nearest)
            step = max(1, _READ // max(1, self._channel.row_bytes))
            while self._row < first:
                self._inflate(min(first - self._row, step))
            return self._undo_prediction(self._inflate(last - first))

    def _inflate(self, rows: int) -> Pixels:
        out = np.empty((rows, self._channel.row_bytes), np.uint8)
        done = 0
        while done < rows:
            part = min(rows - done, self._every - self._row % self._every)
            self._inflate_into(as_bytes(out[done : done + part]))
            done += part
            self._row += part
            self._remember()
        return out

    def _remember(self) -> None:
        """Keep a snapshot on every interval's border, the first time it is passed."""
        if self._row == len(self._snapshots) * self._every:
            position = self._position - len(self._pending)
            self._snapshots.append((self._inflater.copy(), position))

    def _inflate_into(self, target: memoryview) -> None:
        filled = 0
        while filled < len(target):
            if not self._pending and self._position < self._end:
                size = min(_READ, self._end - self._position)
                self._pending = self._channel.source.read(self._position, size)
                self._position += size
            part = self._expand(len(target) - filled)
            target[filled : filled + len(part)] = part
            filled += len(part)
            if not part and not self._pending and self._position >= self._end:
                raise self._channel.name_shortage()
        self.inflated += filled

    def _expand(self, limit: int) -> bytes:
        try:
            part: bytes = self._inflater.decompress(self._pending, min(limit, _READ))
        except zlib.error as error:
            raise UnreadableDocument(
                self._channel.source.path,
                f"a channel cannot be inflated ({error})",
                offset=self._channel.start,
            ) from error
        self._pending = self._inflater.unconsumed_tail
        if self._inflater.eof:
            self._pending, self._position = b"", self._end
        return part

    def _undo_prediction(self, raw: Pixels) -> Pixels:
        channel = self._channel
        if channel.compression != ZIP_PREDICTED:
            return raw
        if channel.depth == 16:
            values = raw.view(channel.kind).astype(np.uint16)
            summed = np.cumsum(values, axis=1, dtype=np.uint16).astype(channel.kind)
            return summed.view(np.uint8)
        summed = np.cumsum(raw, axis=1, dtype=np.uint8)
        if channel.depth != 32:
            return summed
        planes = summed.reshape(raw.shape[0], 4, -1).transpose(0, 2, 1)
        # The planes run from the most significant byte down in either byte order.
        planes = planes if channel.order == ">" else planes[..., ::-1]
        return np.asarray(np.ascontiguousarray(planes).reshape(raw.shape))
