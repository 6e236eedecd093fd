"""Does several tasks at a time, and tells what comes of them in the order of the tasks or at once.

While the model runs on one file the next is decoded and the one before written. Each lane is a
thread with a server connection of its own, so that a file that loses its server takes it from
no other.
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
        lanes: one function for each lane, which does a task and is given its progress; it yields
            what comes of it, once or several times.
        progress: called for the task whose outcomes come next, on its lane.
        call_off: makes what is at work fail soon; called when the outcomes are wanted no more.
        in_order: whether outcomes come in the order of the tasks, and nothing is done further
            ahead than there are lanes; else each comes as soon as it is there.
        leave_s: seconds to wait until what was called off has left.
    """

    def __init__(
        self,
        tasks: Iterable[T],
        lanes: Iterable[Callable[[T, Progress], Iterable[R]]],
        progress: Progress = lambda stage, done, total: None,
        call_off: Callable[[], None] = lambda: None,
        *,
        in_order: bool = True,
        leave_s: float = _LEAVE_S,
    ) -> None:
        self._tasks = iter(tasks)
        self._lanes = list(lanes)
        self._progress, self._call_off = progress, call_off
        self._in_order, self._leave_s = in_order, leave_s
        self._changed = threading.Condition()
        self._taking = threading.Lock()
        self._ready: dict[int, deque[R | BaseException]] = {}
        self._taken = self._told = 0
        self._exhausted = self._stopped = False
        self._at_work: dict[int, T] = {}

    def outcomes(self) -> Generator[R, None, None]:
        """Yield what the lanes yield.

        What a lane raises ends the rest and is raised here. Whoever closes this early calls
        off what is at work, and waits for a few seconds until it has left.
        """
        threads = [
            threading.Thread(target=self._run, args=(do,), daemon=True) for do in self._lanes
        ]
        try:
            for thread in threads:
                thread.start()
            while (ended := self._wait()) is not None:
                if isinstance(ended, BaseException):
                    raise ended
                yield ended
        finally:
            self._stop(threads)

    def list_at_work(self) -> list[T]:
        """Return the tasks that have not ended: none, unless one was slow to be called off."""
        with self._changed:
            return list(self._at_work.values())

    def tell(self, outcome: R) -> None:
        """Have an outcome told that comes of no task; any thread may, before the last one ends."""
        with self._changed:
            number = self._taken
            self._taken += 1
            self._put(number, outcome)

    def _put(self, number: int, outcome: R | BaseException) -> None:
        self._ready.setdefault(number, deque()).append(outcome)
        self._changed.notify_all()

    def _wait(self) -> R | BaseException | None:
        """Return what is told next, once it is there; None for no more."""
        with self._changed:
            while (number := self._find_next()) is None:
                if self._exhausted and not self._at_work and not self._ready:
                    return None
                self._changed.wait(_LOOK_S)
            outcome = self._ready[number].popleft()
            if not self._ready[number]:
                del self._ready[number]
            return outcome

    def _find_next(self) -> int | None:
        """Return the task whose outcome is told next; None while there is none."""
        if not self._in_order:
            return next(iter(self._ready), None)
        while self._told < self._taken and self._told not in self._ready:
            if self._told in self._at_work:
                return None
            self._told += 1
            self._changed.notify_all()
        return self._told if self._told in self._ready else None

    def _run(self, do: Callable[[T, Progress], Iterable[R]]) -> None:
        for number, task in self._take_all():
            try:
                for outcome in do(task, self._listen_to(number)):
                    with self._changed:
                        self._put(number, outcome)
            except BaseException as error:
                with self._changed:
                    self._put(number, error)
            with self._changed:
                del self._at_work[number]
                self._changed.notify_all()

    def _take_all(self) -> Iterator[tuple[int, T]]:
        while (taken := self._take()) is not None:
            yield taken

    def _take(self) -> tuple[int, T] | None:
        """Return the next task with its number, or None when no more is to be begun."""
        with self._taking:
            if not self._may_take():
                return None
            ended: BaseException | None = None
            try:
                task = next(self._tasks)
            except BaseException as error:
                ended = error
            with self._changed:
                number = self._taken
                if ended is None:
                    self._taken += 1
                    self._at_work[number] = task
                    return number, task
                self._exhausted = True
                if not isinstance(ended, StopIteration):
                    self._taken += 1
                    self._put(number, ended)
                self._changed.notify_all()
                return None

    def _may_take(self) -> bool:
        """Wait until a task may be taken, and return whether there may be one."""
        with self._changed:
            lead = len(self._lanes) if self._in_order else None
            while lead and self._taken - self._told >= lead and not self._stopped:
                self._changed.wait(_LOOK_S)
            return not (self._stopped or self._exhausted)

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
        deadline = time.monotonic() + self._leave_s
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
