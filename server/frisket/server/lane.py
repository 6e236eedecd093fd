"""A queue in front of something that works: performs what `Turns` decides."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from frisket.server.telemetry.trace import Wait, wait_in_line
from frisket.server.turns import Priority, Run, Ticket, Turns

Work = TypeVar("Work")


@dataclass(frozen=True)
class Claim:
    """Whose work it is, how urgent, and what it counts for.

    Attributes:
        session: whose.
        priority: its class.
        megapixels: what it counts for within the class.
    """

    session: int = 0
    priority: Priority = Priority.TILE
    megapixels: float = 0.0


@dataclass(frozen=True, eq=False)
class Entry(Generic[Work]):
    """A piece of work, how it waits for its turn, and who waits for its answer."""

    work: Work
    wait: Wait
    _answer: asyncio.Future[Any]

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more, or it is answered."""
        return self._answer.done()

    def watch(self, settled: Callable[[object], None]) -> None:
        """Call `settled` when it is answered or nobody waits any more."""
        self._answer.add_done_callback(settled)

    def unwatch(self, settled: Callable[[object], None]) -> None:
        """Call it no more."""
        self._answer.remove_done_callback(settled)

    def drop(self) -> None:
        """Answer that nobody will do it."""
        self._answer.cancel()

    def settle(self, answer: Any) -> None:
        """Answer it, with an exception where it failed; too late does no harm."""
        if self._answer.done():
            return
        if isinstance(answer, BaseException):
            self._answer.set_exception(answer)
        else:
            self._answer.set_result(answer)


Perform = Callable[[Sequence[Entry[Work]]], Awaitable[None]]
"""Does the work of one run and settles every entry of it."""


class Lane(Generic[Work]):
    """Runs what is submitted, the most urgent and longest unserved first.

    Args:
        slots: runs at once.
        perform: does the work of a run.
    """

    def __init__(self, slots: int, perform: Perform[Work]) -> None:
        self._turns = Turns(slots)
        self._perform = perform
        self._numbers = itertools.count()
        self._entries: dict[int, Entry[Work]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def submit(self, claim: Claim, work: Work, group: Hashable = None, share: int = 1) -> Any:
        """Return the answer to a piece of work; cancelling this drops it.

        Args:
            claim: whose work it is.
            work: what is to be done.
            group: what it may share a run with.
            share: pieces of work in one run of the group, at most.
        """
        ticket = Ticket(
            next(self._numbers), claim.session, claim.priority, claim.megapixels, group, share
        )
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        wait = wait_in_line(claim.priority)
        self._entries[ticket.number] = Entry(work, wait, answer)
        self._begin(self._turns.enter(ticket, time.monotonic()))
        try:
            return await answer
        except asyncio.CancelledError:
            if self._turns.withdraw(ticket.number):
                del self._entries[ticket.number]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at: it came as its owner left
            raise
        finally:
            wait.end()

    def hold(self, until: float) -> None:
        """Begin nothing until then but what has waited long; see `Turns.hold`."""
        self._begin(self._turns.hold(until, time.monotonic()))

    @property
    def waiting(self) -> int:
        """Pieces of work that wait."""
        return self._turns.waiting

    def _begin(self, runs: Sequence[Run]) -> None:
        for run in runs:
            task = asyncio.create_task(self._run(run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._set_timer()

    def _set_timer(self) -> None:
        """Look again when something that is held may begin though nothing happens."""
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic()
        when = self._turns.foresee(now)
        loop = asyncio.get_running_loop()
        self._timer = None if when is None else loop.call_later(when - now, self._look)

    def _look(self) -> None:
        self._begin(self._turns.look(time.monotonic()))

    async def _run(self, run: Run) -> None:
        entries = [self._entries.pop(number) for number in run.numbers]
        for entry in entries:
            entry.wait.end()
        try:
            # Who was cancelled in this very moment had no chance to withdraw.
            if wanted := [entry for entry in entries if not entry.gone]:
                await self._perform(wanted)
        except Exception as error:
            for entry in entries:
                entry.settle(error)
        except asyncio.CancelledError:  # the threads are closing
            for entry in entries:
                entry.drop()
        finally:
            self._begin(self._turns.done(run.numbers[0], time.monotonic()))
