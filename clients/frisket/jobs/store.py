"""Holds the tiles of a matte as they arrive, in bounded memory, and reads them back.

Solid tiles are one byte each; the others lie in a temporary file, at places given in the
order of their arrival.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from frisket.client.events import AlphaReady, Event, SolidReady
from frisket.documents import Rect
from frisket.protocol.grid import Grid, TileRect

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_MISSING, _TRANSPARENT, _OPAQUE, _STORED = 0, 1, 2, 3


class AlphaStore:
    """An alpha (and foreground colours) that arrives tile by tile.

    It is an `AlphaSource` of `frisket.documents` once complete.

    Args:
        grid: the tiles of the layer.
        depth: bits of a sample of alpha, 8 or 16.
        colour_channels: samples per pixel of the foreground colours; 0 for none.
        colour_depth: their bits, 8 or 16.
        folder: where the temporary file lies; by default the system's place.
    """

    def __init__(
        self,
        grid: Grid,
        depth: int = 8,
        colour_channels: int = 0,
        colour_depth: int = 8,
        folder: Path | None = None,
    ) -> None:
        self.grid, self.depth = grid, depth
        self.width, self.height = grid.width, grid.height
        self._top = (1 << depth) - 1
        self._alpha_type = np.dtype("<u2" if depth == 16 else "u1")
        self._colour_type = np.dtype("<u2" if colour_depth == 16 else "u1")
        self._colour_channels = colour_channels
        self._state = np.zeros(grid.count, np.uint8)
        self._place = np.zeros(grid.count, np.int64)
        self._end = 0
        # Writers read from several threads; Windows has no positioned read.
        self._lock = threading.Lock()
        # No other reader ever sees it; it vanishes with the process, however that ends.
        self._file = tempfile.TemporaryFile(prefix="frisket-", dir=folder)  # noqa: SIM115

    def __enter__(self) -> AlphaStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary file back."""
        self._file.close()

    def take(self, event: Event) -> None:
        """Absorb an event of a session; others than tiles are ignored."""
        if isinstance(event, SolidReady):
            for first, count in event.runs:
                self._state[first : first + count] = _OPAQUE if event.opaque else _TRANSPARENT
        elif isinstance(event, AlphaReady):
            self._store(event)

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is known to be constant."""
        states = self._state[self._tiles(rect)]
        if (states == _TRANSPARENT).all():
            return 0
        return self._top if (states == _OPAQUE).all() else None

    def read(self, rect: Rect) -> Samples:
        """Return alpha (height, width), uint8 or uint16 by `depth`."""
        out = np.zeros((rect.height, rect.width), self._alpha_type)
        for tile in self._tiles(rect).ravel():
            state = self._state[tile]
            if state in (_OPAQUE, _STORED):
                inside, source = _overlap(rect, self.grid.rect(int(tile)))
                out[inside] = self._top if state == _OPAQUE else self._alpha(int(tile))[source]
        return out

    def is_stored(self, tile: int) -> bool:
        """Tell whether a tile came as pixels, not as solid."""
        return bool(self._state[tile] == _STORED)

    def paste_colours(self, tile: int, rect: Rect, out: Samples) -> None:
        """Put a tile's foreground colours, where it has any, into a rectangle's pixels."""
        if not self._colour_channels or not self.is_stored(tile):
            return
        place = self.grid.rect(tile)
        skip = place.width * place.height * self._alpha_type.itemsize
        shape = (place.height, place.width, self._colour_channels)
        inside, source = _overlap(rect, place)
        out[inside] = self._load(tile, skip, shape, self._colour_type)[source]

    def tiles_of(self, rect: Rect) -> list[int]:
        """Return the tiles that a rectangle touches."""
        return [int(tile) for tile in self._tiles(rect).ravel()]

    def _store(self, event: AlphaReady) -> None:
        data = event.pixels + (event.colours or b"")
        if self._state[event.tile_id] != _STORED:
            self._place[event.tile_id] = self._end
            self._end += len(data)
        with self._lock:
            self._file.seek(int(self._place[event.tile_id]))
            self._file.write(data)
        self._state[event.tile_id] = _STORED

    def _alpha(self, tile: int) -> Samples:
        rect = self.grid.rect(tile)
        return self._load(tile, 0, (rect.height, rect.width), self._alpha_type)

    def _load(
        self, tile: int, skip: int, shape: tuple[int, ...], kind: np.dtype[np.uint8]
    ) -> Samples:
        size = int(np.prod(shape)) * kind.itemsize
        with self._lock:
            self._file.seek(int(self._place[tile]) + skip)
            data = self._file.read(size)
        return np.frombuffer(data, kind).reshape(shape)

    def _tiles(self, rect: Rect) -> npt.NDArray[np.int64]:
        size = self.grid.tile_size
        rows = np.arange(rect.y // size, (rect.y + rect.height - 1) // size + 1)
        columns = np.arange(rect.x // size, (rect.x + rect.width - 1) // size + 1)
        return rows[:, None] * self.grid.columns + columns[None, :]


def _overlap(rect: Rect, tile: TileRect) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a tile lies in a rectangle, and the part of the tile that does."""
    left, top = max(rect.x, tile.x), max(rect.y, tile.y)
    right = min(rect.x + rect.width, tile.x + tile.width)
    bottom = min(rect.y + rect.height, tile.y + tile.height)
    inside = (slice(top - rect.y, bottom - rect.y), slice(left - rect.x, right - rect.x))
    source = (slice(top - tile.y, bottom - tile.y), slice(left - tile.x, right - tile.x))
    return inside, source
