"""Weighs models: what a process keeps in memory after a piece of work belongs to its model.

What is passing (activations, the file while it is parsed) is gone when the heap has been emptied
and nothing else is under way, so the process is looked at in such moments only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from frisket.protocol.memory import resident_bytes


class Scale:
    """The weights of the models of one process that does nothing else; any thread may use it.

    Args:
        look: returns the bytes that the process takes now; 0 where that is not known.

    Attributes:
        base: bytes that it took before it had a model.
        kept: bytes that it took in the last quiet moment.
    """

    def __init__(self, look: Callable[[], int] = resident_bytes) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._under_way = 0
        self._opened: set[int] = set()  # since the last quiet moment
        self._ran: set[int] = set()
        self._weights: dict[int, int] = {}
        self.base = self.kept = look()

    @contextmanager
    def work(self, model: int, opens: bool) -> Iterator[None]:
        """Weigh after the block, which opens or runs a model and empties the heap at its end."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                (self._opened if opens else self._ran).add(model)
                if not self._under_way:
                    self._weigh()

    def forget(self, model: int) -> None:
        """Take note that a model was closed; its bytes are gone."""
        with self._lock:
            self.kept -= self._weights.pop(model, 0)
            self._opened.discard(model)
            self._ran.discard(model)

    @property
    def weights(self) -> Mapping[int, int]:
        """What each model takes, as far as it is known."""
        with self._lock:
            return dict(self._weights)

    def _weigh(self) -> None:
        """Share what was added since the last quiet moment among those who can have added it."""
        now = self._look()
        sharers = self._opened or {one for one in self._ran if one in self._weights}
        for model in sharers if now else ():
            more = (now - self.kept) // len(sharers)
            self._weights[model] = max(0, self._weights.get(model, 0) + more)
        self.kept = now
        self._opened, self._ran = set(), set()
