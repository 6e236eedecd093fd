"""What is to be done next: in order, and after a failure not before its time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from frisket.jobs.task import Task


@dataclass(frozen=True, order=True)
class Item:
    """One planned result.

    Attributes:
        due: seconds of the epoch before which it is not begun.
        row: its number in the journal.
        task: what is to be done.
        attempts: how often it failed.
        size: of the input in bytes, as far as it is known.
    """

    due: float
    row: int
    task: Task = field(compare=False)
    attempts: int = field(default=0, compare=False)
    size: int = field(default=0, compare=False)

    @property
    def source(self) -> Path:
        """The input."""
        return self.task.source


class WorkQueue:
    """Hands items to workers until none waits and none is at work, or it is stopped."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._waiting = list(items)
        heapq.heapify(self._waiting)
        self._at_work = 0
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Item | None:
        """Return the next item, when it is due; None when there is nothing more to do."""
        with self._changed:
            while not self._stopped and (self._waiting or self._at_work):
                delay = self._waiting[0].due - time.time() if self._waiting else None
                if delay is not None and delay <= 0:
                    self._at_work += 1
                    return heapq.heappop(self._waiting)
                self._changed.wait(delay)
            return None

    def finish(self, again: Item | None = None) -> None:
        """Say that an item that was taken is done with, or is to be taken again."""
        with self._changed:
            self._at_work -= 1
            if again is not None:
                heapq.heappush(self._waiting, again)
            self._changed.notify_all()

    def stop(self) -> None:
        """Hand nothing more out."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def left(self) -> int:
        """How many items wait."""
        with self._changed:
            return len(self._waiting)
