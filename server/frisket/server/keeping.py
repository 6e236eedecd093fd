"""How long a model stays in memory that nobody uses, and a process that has none."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection

REST_S = 2.0
"""A process whose last model has left may soon be asked for the next one."""


class Keeping:
    """Lets idle models leave after a while, and tells when there have been none for a while.

    Args:
        keep_s: seconds that a model stays after its last use; infinity for ever.
        expire: called with the number of a model whose time is over.
        rest: called when there has been no model for a moment.
    """

    def __init__(
        self, keep_s: float, expire: Callable[[int], None], rest: Callable[[], None]
    ) -> None:
        self._keep_s, self._expire, self._rest = keep_s, expire, rest
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._resting: asyncio.TimerHandle | None = None

    def watch(self, idle: Collection[int], empty: bool) -> None:
        """Take note of what is idle now; who was used in between begins anew.

        Args:
            idle: models that nobody uses.
            empty: there are no models any more.
        """
        for number in self._timers.keys() - set(idle):
            self._timers.pop(number).cancel()
        loop = asyncio.get_running_loop()
        for number in set(idle) - self._timers.keys() if math.isfinite(self._keep_s) else ():
            self._timers[number] = loop.call_later(self._keep_s, self._expire, number)
        if self._resting is not None and not empty:
            self._resting.cancel()
            self._resting = None
        if self._resting is None and empty:
            self._resting = loop.call_later(REST_S, self._rest)

    def close(self) -> None:
        """Tell nothing more."""
        for timer in (*self._timers.values(), *filter(None, [self._resting])):
            timer.cancel()
