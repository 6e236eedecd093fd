"""The threads that compute, shared fairly between sessions.

A solve takes a hundred times as long as a tile, and work that has begun cannot be interrupted. So
first masks, tiles, solves and batches have threads of their own each: none waits for another kind
to end, and the system shares the cores between them, with less for those who can wait. That is
not enough for a model that runs on these cores: each of its steps ends with the slowest of its
threads. So while somebody waits for a first mask, solves and batches begin nothing new, and a
solve that has begun stops before its next step; and batches do so for all that people wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from frisket.matting.engine import set_pace
from frisket.server.lane import Claim, Entry, Lane
from frisket.server.threads import yield_cores
from frisket.server.turns import Priority

Result = TypeVar("Result")


_SOLVES_YIELD, _BATCHES_YIELD = 3, 10
"""How much nicer than others these threads are: half a share of a core, and a tenth."""

HURRY_S = 2.0
"""A client may be slow to send, and where first masks never end there is nothing to wait for."""


class _Gate:
    """Where threads stop between two steps of their work, while it is closed."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._until = 0.0

    def close(self, until: float) -> None:
        """Let threads stop until then; a time that is over lets them go on."""
        self._until = until
        if until > time.monotonic():
            self._open.clear()
        else:
            self._open.set()

    def pass_through(self) -> None:
        """Return when it is open."""
        if not self._open.is_set():
            self._open.wait(max(0.0, self._until - time.monotonic()))


class _Threads:
    """A lane in front of some threads.

    Args:
        count: of threads.
        name: of the threads.
        niceness: how far they give way to all other threads; 0 is not at all.
    """

    def __init__(self, count: int, name: str, niceness: int = 0) -> None:
        self._gate = _Gate()
        self._held: dict[object, float] = {}
        self._executor = ThreadPoolExecutor(count, name, self._start, (niceness,))
        self._lane: Lane[Callable[[], object]] = Lane(count, self._perform)

    def _start(self, niceness: int) -> None:
        yield_cores(niceness)
        set_pace(self._gate.pass_through)

    async def _perform(self, entries: Sequence[Entry[Callable[[], object]]]) -> None:
        loop = asyncio.get_running_loop()
        for entry in entries:
            entry.settle(await loop.run_in_executor(self._executor, entry.work))

    async def run(self, claim: Claim, work: Callable[[], Result]) -> Result:
        """Return what work returns."""
        answer: Result = await self._lane.submit(claim, work)
        return answer

    def hold(self, whose: object, until: float) -> None:
        """Begin nothing until then but what has waited long, and let what runs stop.

        Args:
            whose: several may hold at a time, each until its own end.
            until: by the monotonic clock; a time that is over ends it.
        """
        self._held[whose] = until
        latest = max(self._held.values())
        self._gate.close(latest)
        self._lane.hold(latest)

    def close(self) -> None:
        """Let running work end, and drop what waits."""
        self._gate.close(0.0)
        self._executor.shutdown(wait=False, cancel_futures=True)


class _Hold:
    """Holds some threads back while others do what is waited for, for a while in a row at most.

    Args:
        threads: who stop, and begin nothing new.
        most_s: seconds in a row.
    """

    def __init__(self, threads: Sequence[_Threads], most_s: float) -> None:
        self._threads, self._most_s = threads, most_s
        self._numbers = itertools.count()
        self._steps: set[int] = set()  # those that still hold others back

    @contextlib.contextmanager
    def during(self, limit_s: float = math.inf) -> Iterator[None]:
        """Hold back in the block.

        Args:
            limit_s: seconds after which the block counts no more, if that is sooner.
        """
        number = next(self._numbers)
        if not self._steps:
            self._set(time.monotonic() + self._most_s)
        self._steps.add(number)
        most_s = min(limit_s, self._most_s)
        timer = asyncio.get_running_loop().call_later(most_s, self._end, number)
        try:
            yield
        finally:
            timer.cancel()
            self._end(number)

    def _end(self, number: int) -> None:
        """Take note that a step is done or takes too long."""
        self._steps.discard(number)
        if not self._steps:
            self._set(0.0)

    def _set(self, until: float) -> None:
        for threads in self._threads:
            threads.hold(self, until)


class Scheduler:
    """The compute threads of a server.

    Args:
        threads: for each kind of work.
        hurry_s: seconds in a row that others are held back, and that one step of a client's may
            hold them back.
    """

    def __init__(self, threads: int, hurry_s: float = HURRY_S) -> None:
        self.masks = _Threads(threads, "mask")
        self.tiles = _Threads(threads, "tile")
        self.solves = _Threads(threads, "solve", _SOLVES_YIELD)
        self.batches = _Threads(threads, "batch", _BATCHES_YIELD)
        self._for_masks = _Hold((self.solves, self.batches), hurry_s)
        self._for_people = _Hold((self.batches,), hurry_s)
        self._sessions = itertools.count(1)

    def open_share(self, batch: bool = False, proxy_mp: float = 0.0, tile_mp: float = 0.0) -> Share:
        """Return a new session's share.

        Args:
            batch: nobody waits for it.
            proxy_mp: megapixels of its proxy.
            tile_mp: megapixels of one of its tiles.
        """
        return Share(self, next(self._sessions), batch, proxy_mp, tile_mp)

    def hurry(self, limit_s: float = math.inf) -> AbstractContextManager[None]:
        """Let solves and batches stop, and begin nothing new, in the block, for a while at most.

        Args:
            limit_s: seconds after which the block counts no more, if that is sooner.
        """
        return self._for_masks.during(limit_s)

    def hold_batches(self) -> AbstractContextManager[None]:
        """Let batches do so."""
        return self._for_people.during()

    def close(self) -> None:
        """End the threads when the work they are at is done."""
        for threads in (self.masks, self.tiles, self.solves, self.batches):
            threads.close()


@dataclass(frozen=True)
class Share:
    """One session's share of the threads.

    Attributes:
        scheduler: whose threads.
        session: its number.
        batch: nobody waits for it, so all its work gives way.
        proxy_mp: megapixels of its proxy.
        tile_mp: megapixels of one of its tiles.
    """

    scheduler: Scheduler
    session: int
    batch: bool
    proxy_mp: float
    tile_mp: float

    def claim(self, priority: Priority, megapixels: float) -> Claim:
        """Return what a piece of work goes by."""
        return Claim(self.session, Priority.BATCH if self.batch else priority, megapixels)

    @property
    def mask_claim(self) -> Claim:
        """What a model run goes by that finds the coarse alpha."""
        return self.claim(Priority.FIRST_MASK, self.proxy_mp)

    def hurry(self, limit_s: float = math.inf) -> AbstractContextManager[None]:
        """Hold long work of others back in the block: somebody waits for a first mask."""
        return contextlib.nullcontext() if self.batch else self.scheduler.hurry(limit_s)

    async def show(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns: a step on the way to the first mask."""
        return await self._run(self.scheduler.masks, self.mask_claim, work)

    async def solve(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which takes long."""
        claim = self.claim(Priority.IN_SIGHT, self.proxy_mp)
        return await self._run(self.scheduler.solves, claim, work)

    async def compute(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns: a tile that nobody looks at yet."""
        claim = self.claim(Priority.TILE, self.tile_mp)
        return await self._run(self.scheduler.tiles, claim, work)

    async def compute_in_sight(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns: a tile that the user looks at."""
        claim = self.claim(Priority.IN_SIGHT, self.tile_mp)
        return await self._run(self.scheduler.tiles, claim, work)

    async def _run(self, threads: _Threads, claim: Claim, work: Callable[[], Result]) -> Result:
        if self.batch:
            return await self.scheduler.batches.run(claim, work)
        with self.scheduler.hold_batches():
            return await threads.run(claim, work)
