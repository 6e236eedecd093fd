"""Which tiles a refiner's windows wait for, and which windows a tile waits for. No I/O.

A window needs the pixels of every tile it touches; a tile is answered when all its windows
are. Pixels are let go as soon as neither needs them, so what is held is the front between
what has come and what is still wanted: with tiles in rows, a few rows of the band.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from frisket.matting import engine
from frisket.matting.engine import Windows
from frisket.protocol.grid import Grid
from frisket.server.pool import Patch
from frisket.server.solution import Solution
from frisket.server.wire import Array

Bytes = npt.NDArray[np.uint8]


class Patchwork:
    """The windows of one revision.

    Args:
        grid: the layer's tiles.
        windows: where the refiner looks.
        wanted: tiles whose alpha is to be sent.
    """

    def __init__(self, grid: Grid, windows: Windows, wanted: Iterable[int]) -> None:
        self.windows = windows
        self.answers: dict[int, Array | None] = {}
        self.backlog = 0
        self._grid = grid
        self._wanted = set(wanted)
        self._of_tile = {tile: windows.touching(*grid.rect(tile)) for tile in self._wanted}
        near = sorted({window for found in self._of_tile.values() for window in found})
        self._of_window = {window: self._tiles_under(window) for window in near}
        self._lacking = {window: set(tiles) for window, tiles in self._of_window.items()}
        self._users: dict[int, set[int]] = {}
        for window, tiles in self._of_window.items():
            for tile in tiles:
                self._users.setdefault(tile, set()).add(window)
        self._pixels: dict[int, Array] = {}

    @property
    def tiles(self) -> set[int]:
        """Every tile whose pixels are needed."""
        return self._wanted | self._users.keys()

    @property
    def held_bytes(self) -> int:
        """Pixels and answers held now."""
        kept = [*self._pixels.values(), *(a for a in self.answers.values() if a is not None)]
        return sum(array.nbytes for array in kept)

    def wants(self, tile: int) -> bool:
        """Whether a tile's alpha is still to be sent; else it is context only."""
        return tile in self._wanted

    def put(self, tile: int, pixels: Array) -> list[int]:
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
        """The window's pixels as the refiner sees them: (side, side, 3) uint8."""
        side = self.windows.side
        left, top = self.windows.corner(window)
        high, wide = min(side, self._grid.height - top), min(side, self._grid.width - left)
        out = np.empty((high, wide, 3), np.uint8)
        for tile in self._of_window[window]:
            x, y, width, height = self._grid.rect(tile)
            rows = slice(max(y, top), min(y + height, top + high))
            cols = slice(max(x, left), min(x + width, left + wide))
            part = self._pixels[tile][
                rows.start - y : rows.stop - y, cols.start - x : cols.stop - x
            ]
            out[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left] = rgb8(
                part
            )
        return _padded(out, side)

    def settle(self, window: int, alpha: Array | None) -> list[int]:
        """Keep a window's answer, None when it has none; return the tiles complete by it."""
        self.answers[window] = alpha
        self.backlog -= 1
        for tile in self._of_window[window]:
            self._users[tile].discard(window)
            if not self._users[tile] and tile not in self._wanted:
                self._pixels.pop(tile, None)
        return [tile for tile in self._of_window[window] if self.complete(tile)]

    def complete(self, tile: int) -> bool:
        """Whether a wanted tile has its pixels and the answers of all its windows."""
        return (
            tile in self._wanted
            and tile in self._pixels
            and all(window in self.answers for window in self._of_tile[tile])
        )

    def pixels(self, tile: int) -> Array:
        """A complete tile's pixels."""
        return self._pixels[tile]

    def sent(self, tile: int) -> None:
        """Let go of what only this tile needed."""
        self._wanted.discard(tile)
        if not self._users.get(tile):
            self._pixels.pop(tile, None)
        for window in self._of_tile.pop(tile):
            if not any(other in self._wanted for other in self._of_window[window]):
                self.answers.pop(window, None)

    def _tiles_under(self, window: int) -> list[int]:
        left, top = self.windows.corner(window)
        size, grid = self._grid.tile_size, self._grid
        right = min(left + self.windows.side, grid.width)
        bottom = min(top + self.windows.side, grid.height)
        rows = range(top // size, (bottom - 1) // size + 1)
        columns = range(left // size, (right - 1) // size + 1)
        return [row * grid.columns + column for row in rows for column in columns]


def patch_of(solved: Solution, window: int, patches: Patchwork) -> Patch:
    """What the refiner is asked about a window whose tiles have come."""
    rgb = patches.view(window)
    return Patch(rgb, _trimap(solved, window))


def crop_of(solved: Solution, window: int, rgb: Array) -> Patch:
    """The same from the whole layer, (h, w, 3) uint8."""
    assert solved.windows is not None
    left, top = solved.windows.corner(window)
    side = solved.windows.side
    return Patch(_padded(rgb[top : top + side, left : left + side], side), _trimap(solved, window))


def _trimap(solved: Solution, window: int) -> Bytes:
    assert solved.windows is not None
    (left, top), side, matte = solved.windows.corner(window), solved.windows.side, solved.matte
    size = (min(side, matte.layer_height - top), min(side, matte.layer_width - left))
    return _padded(engine.trimap_of(matte, left, top, size), side)


def _padded(pixels: Array, side: int) -> Bytes:
    """A square whose missing right and bottom repeat the border."""
    missing = [(0, side - pixels.shape[0]), (0, side - pixels.shape[1])]
    return np.asarray(np.pad(pixels, missing + [(0, 0)] * (pixels.ndim - 2), mode="edge"), np.uint8)


def rgb8(pixels: Array) -> Bytes:
    """Grey or RGB of 8 or 16 bits as (h, w, 3) uint8."""
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.asarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
