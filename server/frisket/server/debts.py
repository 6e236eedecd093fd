"""What a client owes: the tiles that it was asked for and has not sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import Span, measure


class Debts:
    """The tiles of one revision that are on their way, and since when.

    While there are any, the time counts as the client's too.
    """

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._span: Span | None = None

    def add(self, tiles: Sequence[int]) -> Callable[[], bool]:
        """Take note of tiles; return what tells whether any of them is owed still."""
        now, since = time.monotonic(), self._since
        if not since and tiles:
            self._span = measure(Stage.CLIENT)
            self._span.begin()
        since.update(dict.fromkeys(tiles, now))
        return lambda: any(since.get(tile) == now for tile in tiles)

    def settle(self, tile: int) -> None:
        """Take note that a tile has come."""
        self._since.pop(tile, None)
        self._end_when_paid()

    def forgive(self) -> set[int]:
        """Return what is owed, and claim it no more."""
        owed = set(self._since)
        self._since.clear()
        self._end_when_paid()
        return owed

    def _end_when_paid(self) -> None:
        if not self._since and self._span is not None:
            self._span.end()
            self._span = None
