"""Pixels of a PSD layer, or of its merged image, by rectangle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..base.raster import BaseRaster, Block
from ..colour import Colour
from ..core.model import Rect
from ..core.pixels import Pixels, dtype_of
from ..io.parallel import map_ordered
from .channel import ChannelReader

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
        rows = self._read_rows(rect.y, rect.bottom)
        out = np.empty((rect.height, rect.width, self.channels), self.dtype)
        for number, plane in enumerate(rows):
            out[..., number] = plane[:, rect.x : rect.right]
        return out

    def _read_rows(self, first: int, last: int) -> list[Pixels]:
        """Return whole rows of every plane; a second tile of the same rows costs nothing."""
        with self._lock:
            start, stop, kept = self._kept
            if not start <= first <= last <= stop:
                kept = self._decode_rows(first, last)
                start, stop = first, last
                self._kept = (start, stop, kept)
        return [plane[first - start : last - start] for plane in kept]

    def _decode_rows(self, first: int, last: int) -> list[Pixels]:
        return list(map_ordered(lambda plane: self._read_plane(plane, first, last), self.planes))

    def _read_plane(self, plane: Plane | None, first: int, last: int) -> Pixels:
        if plane is None:
            return np.zeros((last - first, self.width), self.dtype)
        return plane.read_rows(first, last)

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        step = max(1, _BLOCK_BYTES // (self.width * self.channels * self.dtype.itemsize))
        for y in range(0, self.height, step):
            last = min(y + step, self.height)
            if self.sequential:
                yield partial(_keep, (0, y, np.stack(self._decode_rows(y, last), axis=-1)))
            else:
                yield partial(self._read_block, y, last)

    def _read_block(self, first: int, last: int) -> Block:
        out = np.empty((last - first, self.width, self.channels), self.dtype)
        for number, plane in enumerate(self.planes):
            out[..., number] = self._read_plane(plane, first, last)
        return 0, first, out


def _keep(block: Block) -> Block:
    return block
