"""Decides which tiles a session asks for, and when. No I/O, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from frisket.protocol.grid import Grid

Viewport = tuple[int, int, int, int]


def is_in_sight(grid: Grid, viewport: Viewport, tile_id: int) -> bool:
    """Tell whether a tile touches the viewport (x, y, width, height in pixels)."""
    x, y, width, height = grid.rect(tile_id)
    left, top, across, down = viewport
    return x < left + across and left < x + width and y < top + down and top < y + height


def order_tiles(grid: Grid, tiles: Iterable[int], viewport: Viewport | None) -> list[int]:
    """Order tiles: those in sight first, then row by row.

    Rows of tiles keep together because most files are stored in rows: the client then
    decodes each of them once.
    """
    ordered = sorted(tiles)
    if viewport is None:
        return ordered
    return sorted(ordered, key=lambda tile: not is_in_sight(grid, viewport, tile))


class TileQueue:
    """The tiles of one revision: wanted, asked for, done.

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
        self._queue = deque(order_tiles(grid, tiles, viewport))
        self._asked: set[int] = set()
        self._working: set[int] = set()
        self._parked: set[int] = set()
        self._rejected: dict[int, int] = {}

    def look_at(self, viewport: Viewport) -> None:
        """Put the tiles in sight first among those not yet asked for."""
        self._queue = deque(order_tiles(self._grid, self._queue, viewport))

    def ask(self) -> list[int]:
        """Return the tiles to ask for now, within the budget.

        Asks only when half the budget is free, so that tiles travel in groups.
        """
        free = self._budget - len(self._asked) - len(self._working)
        if free * 2 < self._budget or not self._queue:
            return []
        tiles = [self._queue.popleft() for _ in range(min(free, len(self._queue)))]
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
        self._working.discard(tile)
        self._queue.appendleft(tile)
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
    def waiting(self) -> bool:
        """Whether the client owes tiles."""
        return bool(self._asked)

    @property
    def complete(self) -> bool:
        """Whether every wanted tile is done."""
        return not (self._queue or self._asked or self._working or self._parked)
