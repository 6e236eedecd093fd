"""Which tiles a refiner's windows wait for, and which windows a tile waits for. No I/O.

A window needs the pixels of every tile it touches; a tile is finished when all its windows
are answered. Pixels are let go as soon as neither needs them, so what is held is the front between
what has come and what is still wanted: with tiles in rows, a few rows of the band.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from frisket.matting.engine import Windows
from frisket.matting.engine.types import Bytes, Pixels
from frisket.protocol.grid import Grid


class WindowTiles:
    """The windows of one revision.

    Args:
        grid: the layer's tiles.
        windows: where the refiner looks.
        wanted: tiles to finish.
    """

    def __init__(self, grid: Grid, windows: Windows, wanted: Iterable[int]) -> None:
        self._windows = windows
        self._answers: dict[int, Pixels | None] = {}
        self.backlog = 0
        self._grid = grid
        self._wanted = set(wanted)
        self._windows_of = {tile: windows.touching(*grid.rect(tile)) for tile in self._wanted}
        near = sorted({window for found in self._windows_of.values() for window in found})
        self._tiles_of = {window: self._list_tiles(window) for window in near}
        self._lacking = {window: set(tiles) for window, tiles in self._tiles_of.items()}
        self._users: dict[int, set[int]] = {}
        for window, tiles in self._tiles_of.items():
            for tile in tiles:
                self._users.setdefault(tile, set()).add(window)
        self._pixels: dict[int, Pixels] = {}

    @property
    def tiles(self) -> set[int]:
        """Every tile whose pixels are needed."""
        return self._wanted | self._users.keys()

    @property
    def held_bytes(self) -> int:
        """Pixels and answers held now."""
        kept = [*self._pixels.values(), *(a for a in self._answers.values() if a is not None)]
        return sum(array.nbytes for array in kept)

    def wants(self, tile: int) -> bool:
        """Tell whether a tile is still to be finished; else it is context only."""
        return tile in self._wanted

    def put(self, tile: int, pixels: Pixels) -> list[int]:
        """Take a tile's pixels; return the windows that can run now."""
        self._pixels[tile] = pixels
        ready = []
        for window in sorted(self._users.get(tile, ())):
            lacking = self._lacking[window]
            lacking.discard(tile)
            if not lacking:
                ready.append(window)
        self.backlog += len(ready)
        return ready

    def view(self, window: int) -> Bytes:
        """Return a window's pixels as the refiner sees them: (side, side, 3) uint8."""
        side = self._windows.side
        left, top = self._windows.corner(window)
        high, wide = min(side, self._grid.height - top), min(side, self._grid.width - left)
        out = np.empty((high, wide, 3), np.uint8)
        for tile in self._tiles_of[window]:
            x, y, width, height = self._grid.rect(tile)
            rows = slice(max(y, top), min(y + height, top + high))
            cols = slice(max(x, left), min(x + width, left + wide))
            part = self._pixels[tile][
                rows.start - y : rows.stop - y, cols.start - x : cols.stop - x
            ]
            out[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left] = to_rgb8(
                part
            )
        return pad_square(out, side)

    def settle(self, window: int, alpha: Pixels | None) -> list[int]:
        """Keep a window's answer, None when it has none; return the tiles complete by it."""
        self._answers[window] = alpha
        self.backlog -= 1
        for tile in self._tiles_of[window]:
            self._users[tile].discard(window)
            if not self._users[tile] and tile not in self._wanted:
                self._pixels.pop(tile, None)
        return [tile for tile in self._tiles_of[window] if self.complete(tile)]

    def complete(self, tile: int) -> bool:
        """Tell whether a wanted tile has its pixels and the answers of all its windows."""
        return (
            tile in self._wanted
            and tile in self._pixels
            and all(window in self._answers for window in self._windows_of[tile])
        )

    def pixels(self, tile: int) -> Pixels:
        """Return a complete tile's pixels."""
        return self._pixels[tile]

    def answers_of(self, tile: int) -> dict[int, Pixels | None]:
        """Return the answers of every window that touches a complete tile."""
        return {window: self._answers[window] for window in self._windows_of[tile]}

    def release(self, tile: int) -> None:
        """Let go of what only this tile needed."""
        self._wanted.discard(tile)
        if not self._users.get(tile):
            self._pixels.pop(tile, None)
        for window in self._windows_of.pop(tile):
            if not any(other in self._wanted for other in self._tiles_of[window]):
                self._answers.pop(window, None)

    def _list_tiles(self, window: int) -> list[int]:
        left, top = self._windows.corner(window)
        size, grid = self._grid.tile_size, self._grid
        right = min(left + self._windows.side, grid.width)
        bottom = min(top + self._windows.side, grid.height)
        rows = range(top // size, (bottom - 1) // size + 1)
        columns = range(left // size, (right - 1) // size + 1)
        return [row * grid.columns + column for row in rows for column in columns]


def pad_square(pixels: Pixels, side: int) -> Bytes:
    """Return a square whose missing right and bottom repeat the border."""
    missing = [(0, side - pixels.shape[0]), (0, side - pixels.shape[1])]
    return np.asarray(np.pad(pixels, missing + [(0, 0)] * (pixels.ndim - 2), mode="edge"), np.uint8)


def to_rgb8(pixels: Pixels) -> Bytes:
    """Return grey or RGB pixels of 8 or 16 bits as (h, w, 3) uint8."""
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.asarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
