"""Does several tasks at a time, and tells how each ended in the order of the tasks.

While the model runs on one file the next is decoded and the one before written. Each lane is a
thread with a server connection of its own, so that a file that loses its server takes it from
no other. Nothing is done further ahead than there are lanes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from frisket.jobs.matting import Progress

T = TypeVar("T")
R = TypeVar("R")

_LOOK_S = 0.5  # a wait without end would keep Ctrl-C waiting on Windows
_LEAVE_S = 5.0


class CalledOff(BaseException):
    """Nobody wants the outcome any more; like an interrupt, no handler of errors keeps it."""


class Overlap(Generic[T, R]):
    """Lanes that share tasks; see `outcomes`.

    Args:
        tasks: what to do; taken one at a time, by whichever lane is free.
        lanes: one function for each lane, which does a task and is given its progress.
        progress: called for the task whose outcome comes next, on its lane.
        call_off: makes what is at work fail soon; called when the outcomes are wanted no more.
    """

    def __init__(
        self,
        tasks: Iterable[T],
        lanes: Iterable[Callable[[T, Progress], R]],
        progress: Progress,
        call_off: Callable[[], None],
    ) -> None:
        self._tasks = iter(tasks)
        self._lanes = list(lanes)
        self._progress, self._call_off = progress, call_off
        self._changed = threading.Condition()
        self._ended: dict[int, R | BaseException] = {}
        self._taken = self._told = 0
        self._exhausted = self._stopped = False
        self._at_work: dict[int, T] = {}

    def outcomes(self) -> Generator[R, None, None]:
        """Yield what the lanes return, in the order of the tasks.

        What a lane raises ends the rest and is raised here. Whoever closes this early calls
        off what is at work, and waits for a few seconds until it has left.
        """
        threads = [
            threading.Thread(target=self._run, args=(do,), daemon=True) for do in self._lanes
        ]
        try:
            for thread in threads:
                thread.start()
            while (number := self._wait()) is not None:
                ended = self._ended.pop(number)
                if isinstance(ended, BaseException):
                    raise ended
                yield ended
                with self._changed:
                    self._told += 1
                    self._changed.notify_all()
        finally:
            self._stop(threads)

    def list_at_work(self) -> list[T]:
        """Return the tasks that have not ended: none, unless one was slow to be called off."""
        with self._changed:
            return list(self._at_work.values())

    def _wait(self) -> int | None:
        """Return the number of the task that is told next once it has ended; None for no more."""
        with self._changed:
            while self._told not in self._ended:
                if self._exhausted and self._told == self._taken:
                    return None
                self._changed.wait(_LOOK_S)
            return self._told

    def _run(self, do: Callable[[T, Progress], R]) -> None:
        for number, task in self._take_all():
            try:
                ended: R | BaseException = do(task, self._listen_to(number))
            except BaseException as error:
                ended = error
            with self._changed:
                del self._at_work[number]
                self._ended[number] = ended
                self._changed.notify_all()

    def _take_all(self) -> Iterator[tuple[int, T]]:
        while True:
            with self._changed:
                while self._taken - self._told >= len(self._lanes) and not self._stopped:
                    self._changed.wait(_LOOK_S)
                if self._stopped or self._exhausted:
                    return
                number = self._taken
                try:
                    task = self._at_work[number] = next(self._tasks)
                    self._taken += 1
                except BaseException as error:
                    self._exhausted = True
                    if not isinstance(error, StopIteration):
                        self._ended[number] = error
                        self._taken += 1
                    self._changed.notify_all()
                    return
            yield number, task

    def _listen_to(self, number: int) -> Progress:
        def listen(stage: str, done: int, total: int) -> None:
            if self._stopped:
                raise CalledOff
            if number == self._told:
                self._progress(stage, done, total)

        return listen

    def _stop(self, threads: list[threading.Thread]) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            idle = not self._at_work
        if not idle:
            self._call_off()
        deadline = time.monotonic() + _LEAVE_S
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))


class Room:
    """Bounds how many pixels are worked on at once; whoever came first enters first.

    Args:
        pixels: the bound; what is larger by itself enters alone.
    """

    def __init__(self, pixels: int) -> None:
        self._free = self._pixels = pixels
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait to enter."""
        return len(self._queue)

    @contextlib.contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        """Hold room for pixels; wait until there is some.

        Raises:
            CalledOff: the room was closed.
        """
        share = min(pixels, self._pixels)
        self._enter(share)
        try:
            yield
        finally:
            with self._changed:
                self._free += share
                self._changed.notify_all()

    def _enter(self, share: int) -> None:
        mine = object()
        with self._changed:
            self._queue.append(mine)
            try:
                while self._queue[0] is not mine or self._free < share:
                    if self._closed:
                        raise CalledOff
                    self._changed.wait(_LOOK_S)
                self._free -= share
            finally:
                self._queue.remove(mine)
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
