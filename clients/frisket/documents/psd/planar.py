"""Pixels of a PSD layer, or of its merged image, by rectangle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..base.raster import BaseRaster, Block
from ..colour import Colour
from ..core.model import Rect
from ..core.pixels import Pixels, dtype_of
from ..io.parallel import map_ordered
from .channel import ChannelReader

if TYPE_CHECKING:
    from ..colour.proxy import Mean

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class Plane:
    """Rows of one sample; ``offset`` is the row of the channel where the plane begins."""

    channel: ChannelReader
    offset: int = 0

    def read_rows(self, first: int, last: int) -> Pixels:
        """Return (rows, width) in native byte order."""
        return self.channel.read_rows(self.offset + first, self.offset + last)


class PlanarRaster(BaseRaster):
    """PageSamples stored as one plane each; whole rows are decoded and the last ones kept."""

    prefers_rows = True

    def __init__(
        self,
        size: tuple[int, int],
        depth: int,
        planes: Sequence[Plane | None],
        colour: Colour,
        has_alpha: bool,
    ) -> None:
        """``planes`` in the order of samples; None reads as zeros."""
        self.width, self.height = size
        self.depth = 8 if depth == 1 else depth
        self.dtype = dtype_of(self.depth)
        self.mode, self.has_alpha = colour.mode, has_alpha
        self.channels = len(planes)
        self.planes, self._colour = tuple(planes), colour
        self._lock = threading.Lock()
        self._kept: tuple[int, int, list[Pixels]] = (0, 0, [])

    @property
    def colour(self) -> Colour:
        """How the samples become sRGB."""
        return self._colour

    @property
    def sequential(self) -> bool:
        """Whether some plane can only be had from top to bottom."""
        return any(plane is not None and plane.channel.sequential for plane in self.planes)

    def _read(self, rect: Rect) -> Pixels:
        return self._join(rect, self.channels)

    def read_colours(self, rect: Rect) -> Pixels:
        """Return sRGB (height, width, 3); transparency is not even decoded."""
        if self.colour.premultiplied:
            return super().read_colours(rect)
        self._check(rect)
        return self.colour.native_to_srgb(self._join(rect, self.colour.colours))

    def _join(self, rect: Rect, count: int) -> Pixels:
        """Return a rectangle of the first planes, (height, width, count)."""
        rows = self._read_rows(rect.y, rect.bottom, count)
        out = np.empty((rect.height, rect.width, count), self.dtype)
        for number, plane in enumerate(rows):
            out[..., number] = plane[:, rect.x : rect.right]
        return out

    def _read_rows(self, first: int, last: int, count: int) -> list[Pixels]:
        """Return whole rows of the first planes; a second tile of the same rows costs nothing."""
        with self._lock:
            start, stop, kept = self._kept
            if not start <= first <= last <= stop or len(kept) < count:
                kept = self._decode_rows(first, last, count)
                start, stop = first, last
                self._kept = (start, stop, kept)
        return [plane[first - start : last - start] for plane in kept[:count]]

    def _decode_rows(self, first: int, last: int, count: int) -> list[Pixels]:
        planes = self.planes[:count]
        return list(map_ordered(lambda plane: self._read_plane(plane, first, last), planes))

    def _read_plane(self, plane: Plane | None, first: int, last: int) -> Pixels:
        if plane is None:
            return np.zeros((last - first, self.width), self.dtype)
        return plane.read_rows(first, last)

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        for y, read in self._plan_planes():
            yield partial(_join, y, read)

    def _plan_planes(self) -> Iterator[tuple[int, Callable[[], list[Pixels]]]]:
        """Yield bands that cover the raster once: the first row, and what reads every plane."""
        step = max(1, _BLOCK_BYTES // (self.width * self.channels * self.dtype.itemsize))
        for y in range(0, self.height, step):
            last = min(y + step, self.height)
            if self.sequential:
                yield y, partial(_keep, self._decode_rows(y, last, self.channels))
            else:
                yield y, partial(self._read_planes, y, last)

    def _read_planes(self, first: int, last: int) -> list[Pixels]:
        return [self._read_plane(plane, first, last) for plane in self.planes]

    def _plan_sums(self, mean: Mean) -> Iterator[Callable[[], int]]:
        """Add planes as they are stored: joined to pixels, most of the time would go there."""
        sample = [np.zeros((1, 1), self.dtype) for _ in self.planes]
        if self.colour.to_plain_planes(sample) is None:
            yield from super()._plan_sums(mean)
            return

        def add(y: int, read: Callable[[], list[Pixels]]) -> int:
            planes = read()
            mean.add_planes(self.colour.to_plain_planes(planes) or (), 0, y)
            return int(planes[0].size)

        for y, read in self._plan_planes():
            yield partial(add, y, read)


def _keep(planes: list[Pixels]) -> list[Pixels]:
    return planes


def _join(y: int, read: Callable[[], list[Pixels]]) -> Block:
    return 0, y, np.stack(read(), axis=-1)
