"""Decides which tiles a session asks for, and when. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import numpy as np
import numpy.typing as npt

from frisket.protocol.grid import Grid

Viewport = tuple[int, int, int, int]
Flags = npt.NDArray[np.bool_]


def is_in_sight(grid: Grid, viewport: Viewport, tile_id: int) -> bool:
    """Tell whether a tile touches the viewport (x, y, width, height in pixels)."""
    x, y, width, height = grid.rect(tile_id)
    left, top, across, down = viewport
    return x < left + across and left < x + width and y < top + down and top < y + height


class TileSet(Set[int]):
    """Tiles of a grid, a byte for each that there is: those of a layer may be millions.

    Args:
        flags: (tiles,) which belong to it; must not be changed any more.
    """

    def __init__(self, flags: Flags) -> None:
        self.flags: Flags = flags
        self._count = int(np.count_nonzero(flags))

    def __contains__(self, tile: object) -> bool:
        return isinstance(tile, int) and 0 <= tile < len(self.flags) and bool(self.flags[tile])

    def __iter__(self) -> Iterator[int]:
        return map(int, np.flatnonzero(self.flags))

    def __len__(self) -> int:
        return self._count


class _Sweep:
    """Goes through a rectangle of the grid row by row, and not twice through what is behind it.

    Rows of tiles keep together because most files are stored in rows: the client then decodes
    each of them once.

    Args:
        grid: the layer's tiles.
        viewport: the part in sight; None for the whole layer.
    """

    def __init__(self, grid: Grid, viewport: Viewport | None = None) -> None:
        left, top, across, down = viewport or (0, 0, grid.width, grid.height)
        size = grid.tile_size
        seen = across > 0 and down > 0 and left < grid.width and top < grid.height
        self._left, self._right = left // size, min(grid.columns, -(-(left + across) // size))
        self._row = top // size
        self._end = min(grid.rows, -(-(top + down) // size)) if seen else 0
        self._columns = grid.columns

    def find(self, wanted: Flags, count: int) -> list[int]:
        """Return the next wanted tiles, `count` at most."""
        found: list[int] = []
        while len(found) < count and self._row < self._end:
            start = self._row * self._columns
            row = np.flatnonzero(wanted[start + self._left : start + self._right])
            found += (row[: count - len(found)] + start + self._left).tolist()
            if len(found) < count:
                self._row += 1
        return found


def _flag(grid: Grid, tiles: Iterable[int]) -> Flags:
    """Return (tiles,) flags of one's own; going through millions would hold Python's lock."""
    if isinstance(tiles, TileSet):
        return np.array(tiles.flags)
    flags = np.zeros(grid.count, np.bool_)
    flags[np.fromiter(tiles, np.int64)] = True
    return flags


class TileQueue:
    """The tiles of one revision: wanted, asked for, done.

    A layer has millions of tiles at most: what is done for each message does not follow their
    number.

    Args:
        grid: the layer's tiles.
        budget: tiles that may be asked for and unanswered at once, at least 1.
        tiles: those whose pixels are wanted.
        viewport: the part in sight, whose tiles come first.
    """

    def __init__(
        self, grid: Grid, budget: int, tiles: Iterable[int], viewport: Viewport | None = None
    ) -> None:
        self._grid = grid
        self._budget = max(1, budget)
        self._wanted = _flag(grid, tiles)
        self._left = int(self._wanted.sum())  # that are wanted and not asked for
        self._again: list[int] = []
        self._sweeps = [_Sweep(grid)]
        if viewport is not None:
            self.look_at(viewport)
        self._asked: set[int] = set()
        self._working: set[int] = set()
        self._parked: set[int] = set()
        self._rejected: dict[int, int] = {}

    def look_at(self, viewport: Viewport) -> None:
        """Put the tiles in sight first among those not yet asked for."""
        self._sweeps = [_Sweep(self._grid, viewport), self._sweeps[-1]]

    def ask(self) -> list[int]:
        """Return the tiles to ask for now, within the budget.

        Asks only when half the budget is free, so that tiles travel in groups.
        """
        free = self._budget - len(self._asked) - len(self._working)
        if free * 2 < self._budget or not (self._left or self._again):
            return []
        tiles, self._again = self._again[:free], self._again[free:]
        for sweep in self._sweeps:
            found = sweep.find(self._wanted, free - len(tiles))
            self._wanted[found] = False
            self._left -= len(found)
            tiles += found
        self._asked.update(tiles)
        return tiles

    def accept(self, tile: int) -> bool:
        """Note a tile's pixels; False when it was not asked for."""
        if tile not in self._asked:
            return False
        self._asked.discard(tile)
        self._working.add(tile)
        return True

    def reject(self, tile: int) -> int:
        """Ask for a tile again; return how often it has been rejected."""
        self.finish(tile)
        self._again.insert(0, tile)
        self._rejected[tile] = self._rejected.get(tile, 0) + 1
        return self._rejected[tile]

    def park(self, tile: int) -> None:
        """Note that a tile waits for its neighbours: it no longer counts to the budget."""
        self._working.discard(tile)
        self._parked.add(tile)

    def finish(self, tile: int) -> None:
        """Note that a tile's alpha has been sent, or that none will be."""
        self._working.discard(tile)
        self._parked.discard(tile)

    @property
    def complete(self) -> bool:
        """Whether every wanted tile is done."""
        return not (self._left or self._again or self._asked or self._working or self._parked)
