"""What is to be done next: in order, and after a failure not before its time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from frisket.jobs.batch.states import Stamp
from frisket.jobs.task import Task, share_matte


@dataclass(frozen=True, order=True)
class Item:
    """One planned result.

    Attributes:
        due: seconds of the epoch before which it is not begun.
        row: its number in the journal.
        task: what is to be done.
        attempts: how often it failed.
        stamp: of the input when it was planned, as far as it is known.
    """

    due: float
    row: int
    task: Task = field(compare=False)
    attempts: int = field(default=0, compare=False)
    stamp: Stamp = field(default=Stamp(0, 0), compare=False)

    @property
    def size(self) -> int:
        """The input's bytes."""
        return self.stamp.size

    @property
    def source(self) -> Path:
        """The input."""
        return self.task.source


class WorkQueue:
    """Hands items to workers until none is left and none will come, or it is stopped.

    More items may come until `close` is called. Any thread may call anything.
    """

    def __init__(self) -> None:
        self._waiting: list[Item] = []
        self._at_work = 0
        self._closed = self._paused = self._stopped = False
        self._changed = threading.Condition()

    def put(self, items: Iterable[Item]) -> None:
        """Add items."""
        with self._changed:
            for item in items:
                heapq.heappush(self._waiting, item)
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more items will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def pause(self, paused: bool) -> None:
        """Hand nothing out for a while, or go on."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def take(self) -> list[Item]:
        """Return the next item, when it is due, and those after it that share its matte.

        Nothing is returned when there is nothing more to do.
        """
        with self._changed:
            while not self._stopped and not self._is_over():
                delay = self._next_delay()
                if delay is not None and delay <= 0:
                    return self._pop_together()
                self._changed.wait(delay)
            return []

    def _pop_together(self) -> list[Item]:
        taken = [heapq.heappop(self._waiting)]
        while (delay := self._next_delay()) is not None and delay <= 0:
            if not share_matte(taken[0].task, self._waiting[0].task):
                break
            taken.append(heapq.heappop(self._waiting))
        self._at_work += len(taken)
        return taken

    def _is_over(self) -> bool:
        return self._closed and not (self._waiting or self._at_work)

    def _next_delay(self) -> float | None:
        """Return the seconds until an item is due; None where only a change can bring one."""
        if self._paused or not self._waiting:
            return None
        return self._waiting[0].due - time.time()

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
