"""How often to do something that costs time: seldom enough. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Runs an action at most once per interval, and less often the more it costs.

    Args:
        action: what to run, for example to redraw the image.
        least: seconds between two runs at least.
        share: the part of all time that the action may take.
        clock: seconds, rising.
    """

    def __init__(
        self,
        action: Callable[[], None],
        least: float = 0.2,
        share: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action = action
        self._least = least
        self._share = share
        self._clock = clock
        self._next = float("-inf")
        self._due = False
        self.cost = 0.0

    def ask(self) -> bool:
        """Run the action if it is time; remember it otherwise. Tells whether it ran."""
        self._due = True
        if self._clock() < self._next:
            return False
        self.force()
        return True

    def force(self) -> None:
        """Run the action now, if anything asked for it since it last ran."""
        if not self._due:
            return
        start = self._clock()
        self._action()
        self._due = False
        end = self._clock()
        self.cost = end - start
        self._next = end + max(self._least, self.cost / self._share - self.cost)
