"""Area averaging with exact integer sums.

A proxy pixel is the mean of the area it covers. All sums are whole numbers, so the result does
not depend on how a file is cut into strips or tiles, nor on the order they arrive in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from math import gcd
from typing import Any, TypeAlias

import numpy as np

from ..core.pixels import Pixels

_WORKING_ROWS = 1 << 20  # samples of reduced rows that are held before columns are summed
_BAND_ROWS = 64


class _Axis:
    """Exact overlaps of source pixels with output pixels along one axis.

    In units of 1/``unit`` of a source pixel an output pixel is ``span`` long.
    """

    def __init__(self, source: int, out: int) -> None:
        common = gcd(source, out)
        self.span, self.unit = source // common, out // common

    def cover(self, start: int, stop: int) -> tuple[int, int]:
        """Return the output pixels that the source pixels [start, stop) touch."""
        return start * self.unit // self.span, -(-stop * self.unit // self.span)

    def clip(self, index: int, start: int, stop: int) -> tuple[int, int]:
        """Return where output pixel ``index`` begins and ends in [start, stop), in units."""
        low = max(index * self.span, start * self.unit)
        return low, min((index + 1) * self.span, stop * self.unit)


class BoxMean:
    """Collects blocks of a raster and gives their area-averaged reduction.

    Thread-safe: blocks may be added from several threads, each pixel once.
    """

    def __init__(
        self, source: tuple[int, int], out: tuple[int, int], channels: int, top: int
    ) -> None:
        """``source`` and ``out`` are (width, height); ``channels`` samples of at most ``top``."""
        self._x, self._y = _Axis(source[0], out[0]), _Axis(source[1], out[1])
        # Half the memory wherever the totals fit.
        kind = np.uint32 if top * self.weight < 1 << 32 else np.uint64
        self._sums: Pixels = np.zeros((out[1], out[0], channels), kind)
        self._lock = threading.Lock()

    def add(self, block: Pixels, x: int, y: int) -> None:
        """Add ``block`` (height, width, channels; uint8, uint16 or uint32) at (x, y)."""
        self._add(block, x, y, slice(None), 1)

    def add_planes(self, planes: Sequence[Pixels], x: int, y: int) -> None:
        """Add a block whose channels lie apart, each (height, width), at (x, y)."""
        for number, plane in enumerate(planes):
            self.add_plane(plane, x, y, number)

    def add_plane(self, plane: Pixels, x: int, y: int, channel: int, times: int = 1) -> None:
        """Add ``plane`` (height, width) at (x, y) to one channel, every sample so many times."""
        self._add(plane[..., None], x, y, slice(channel, channel + 1), times)

    def _add(self, block: Pixels, x: int, y: int, channels: slice, times: int) -> None:
        height, width, count = block.shape
        flat = block.reshape(height, width * count)
        top = int(np.iinfo(block.dtype).max)
        kind = np.uint32 if top * self._y.span * self._x.span < 1 << 32 else np.uint64
        first, last = self._y.cover(y, y + height)
        step = max(1, _WORKING_ROWS // (width * count))
        for row in range(first, last, step):
            rows = range(row, min(row + step, last))
            summed = np.stack([self._sum_row(flat, y, index, kind) for index in rows])
            sums = self._sum_columns(summed.reshape(len(rows), width, count), x)
            sums = sums.astype(self._sums.dtype, copy=False) * self._sums.dtype.type(times)
            left, right = self._x.cover(x, x + width)
            with self._lock:
                self._sums[row : rows.stop, left:right, channels] += sums

    def _sum_row(self, flat: Pixels, y: int, index: int, kind: type[np.unsignedinteger]) -> Pixels:
        """Return the weighted sum of the block's rows inside output row ``index``."""
        unit = self._y.unit
        low, high = self._y.clip(index, y, y + flat.shape[0])
        whole, end = -(-low // unit), high // unit
        if whole > end:  # the output row lies inside one source row
            return np.asarray(flat[end - y].astype(kind) * kind(high - low))
        total = _sum_rows(flat[whole - y : end - y], kind)
        total *= kind(unit)
        if whole * unit > low:
            total += flat[whole - 1 - y].astype(kind) * kind(whole * unit - low)
        if high > end * unit:
            total += flat[end - y].astype(kind) * kind(high - end * unit)
        return total

    def _sum_columns(self, rows: Pixels, x: int) -> Pixels:
        """Return the weighted sums of the columns of reduced rows."""
        unit, width = self._x.unit, rows.shape[1]
        first, last = self._x.cover(x, x + width)
        edges = np.arange(first, last + 1, dtype=np.int64) * self._x.span
        edges = np.clip(edges, x * unit, (x + width) * unit) - x * unit
        whole, part = np.divmod(edges, unit)
        prefix = np.empty((rows.shape[0], width + 1, rows.shape[2]), rows.dtype)
        prefix[:, 0] = 0
        # Modular sums may wrap: the differences below are still exact.
        np.cumsum(rows, axis=1, out=prefix[:, 1:])
        # An index in brackets takes seven times as long as `take`.
        integral = np.take(prefix, whole, axis=1)
        integral *= rows.dtype.type(unit)
        if part.any():
            begun = np.take(rows, np.minimum(whole, width - 1), axis=1)
            # Of full length, for one of three samples would make NumPy's loops that short.
            begun *= np.repeat(part.astype(rows.dtype), rows.shape[2]).reshape(-1, rows.shape[2])
            integral += begun
        sums: Pixels = np.subtract(integral[:, 1:], integral[:, :-1])
        return sums

    def bands(self, kind: type[np.unsignedinteger] = np.uint64) -> Iterator[tuple[slice, Pixels]]:
        """Yield copies of the weighted totals in bands of rows: the whole would be large."""
        for row in range(0, len(self._sums), _BAND_ROWS):
            rows = slice(row, row + _BAND_ROWS)
            yield rows, self._sums[rows].astype(kind)

    @property
    def weight(self) -> int:
        """The total weight of one output pixel."""
        return self._x.span * self._y.span

    def mean(self, dtype: np.dtype[Any]) -> Pixels:
        """Return the averages, rounded to nearest."""
        out = np.empty(self._sums.shape, dtype)
        top = int(np.iinfo(dtype).max)
        kind = np.uint32 if (top + 1) * self.weight < 1 << 32 else np.uint64
        for rows, sums in self.bands(kind):
            sums += kind(self.weight // 2)
            sums //= kind(self.weight)  # several times faster in 32 bits
            out[rows] = sums
        return out


def _sum_rows(rows: Pixels, kind: type[np.unsignedinteger]) -> Pixels:
    """Sum rows exactly; in uint16 where that holds it, which is several times faster."""
    narrow = rows.dtype == np.uint8 and rows.shape[0] <= 257
    total: Pixels = np.add.reduce(rows, axis=0, dtype=np.uint16 if narrow else kind)
    return total.astype(kind)


class WeightedMean:
    """Area average of colours weighted by their transparency.

    A pixel that is transparent says nothing about colour, so it does not darken its cell.
    """

    def __init__(
        self, source: tuple[int, int], out: tuple[int, int], channels: int, top: int
    ) -> None:
        """``channels`` counts the transparency, which comes last."""
        self._box = BoxMean(source, out, channels, top * 255)
        self._shape = (out[1], out[0], channels)
        self._peak = top

    def add(self, block: Pixels, x: int, y: int) -> None:
        """Add (height, width, channels) of uint8 or uint16, transparency last."""
        # Pixels of four samples would make NumPy's loops that short.
        self.add_planes([*np.ascontiguousarray(np.moveaxis(block, -1, 0))], x, y)

    def add_planes(self, planes: Sequence[Pixels], x: int, y: int) -> None:
        """Add a block whose channels lie apart, each (height, width), transparency last."""
        *colours, alpha = planes
        if alpha.dtype == np.uint16:  # eight bits of weight keep the sums inside 64 bits
            alpha = ((alpha.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)
        low, high = int(alpha.min()), int(alpha.max())
        if not high:
            return
        for number, plane in enumerate(colours):
            if low == 255:
                self._box.add_plane(plane, x, y, number, times=255)
            else:
                wide = np.uint16 if plane.dtype == np.uint8 else np.uint32
                self._box.add_plane(np.multiply(plane, alpha, dtype=wide), x, y, number)
        self._box.add_plane(alpha, x, y, len(colours))

    def mean(self, dtype: np.dtype[Any]) -> Pixels:
        """Return averages in the range of the source, transparency last."""
        out = np.empty(self._shape, dtype)
        weight = self._box.weight * 255
        for rows, sums in self._box.bands():
            alpha = sums[..., -1:]
            # One divisor for all is several times faster.
            whole = int(alpha.min()) == weight
            safe = np.uint64(weight) if whole else np.maximum(alpha, np.uint64(1))
            out[rows] = (sums + safe // np.uint64(2)) // safe
            scaled = alpha[..., 0] * np.uint64(self._peak) + np.uint64(weight // 2)
            out[rows, :, -1] = scaled // np.uint64(weight)
        return out


Mean: TypeAlias = BoxMean | WeightedMean
