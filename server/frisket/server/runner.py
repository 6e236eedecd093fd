"""One device: models run on one thread, one after another, and open on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

from frisket.models import DeviceUnavailable, Model, ModelFailed
from frisket.protocol.heap import empty_the_heap
from frisket.server.batcher import Piece
from frisket.server.lane import Entry, Lane
from frisket.server.limits import Limits

Result = TypeVar("Result")

_SWEEP_S = 1.0
"""Seconds from a run to what it left being given back: what runs within them uses it again."""

GRACE_S = 2.0
"""Seconds that a run has to end when it is told to; then whatever it runs in is replaced."""


class Opener(Protocol):
    """Where the models of a device live."""

    def open(self, name: str, device: str, threads: int) -> Model:
        """Open a model."""

    @property
    def peak_bytes(self) -> int:
        """The most memory that another process took for them."""

    def weigh(self, model: Model) -> int:
        """Return the bytes of memory that an open model takes, measured; 0 where unknown."""

    def prepare(self) -> None:
        """Do ahead what the first opening would have to wait for."""

    def rest(self) -> None:
        """Give back what is kept though no model is open."""

    def replace(self, opening: bool = False) -> None:
        """End whatever hangs, if that can be done; models that were open go on elsewhere.

        Args:
            opening: a model that is being opened hangs, and not a run.
        """

    def close(self) -> None:
        """Give everything back."""


class Runner:
    """Runs models in turn; opening one does not hold it up.

    Args:
        device: as the registry knows it.
        opener: where its models live.
        limits: how long a run may take, and the opening of a model.

    Attributes:
        lane: what waits to be run; one model runs at a time, for each uses all of the device.
        overdue: a run takes longer than it may.
        lost: the device went away under a run.
        device: as the registry knows it.
    """

    def __init__(self, device: str, opener: Opener, limits: Limits) -> None:
        self.device = device
        self._opener = opener
        self._limits = limits
        self._runs, self._opens = self._start_thread("run"), self._start_thread("open")
        self._opening = asyncio.Lock()
        self._stopped: Exception | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self.lane: Lane[Piece[Any]] = Lane(1, _perform)
        self.overdue = self.lost = False

    def _start_thread(self, task: str) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, f"{task}-{self.device}")

    def prepare(self) -> None:
        """Do ahead what the first opening would have to wait for."""
        self._opener.prepare()

    def weigh(self, model: Model) -> int:
        """Return the bytes of memory that an open model takes, measured; 0 where unknown."""
        return self._opener.weigh(model) if model.device == "cpu" else 0

    async def rest(self) -> None:
        """Give back what is kept though no model is open."""
        async with self._opening:
            await asyncio.wrap_future(self._opens.submit(self._opener.rest))

    async def open(self, name: str, threads: int) -> Model:
        """Open a model beside what runs; one at a time, for each has its own time.

        Raises:
            ModelFailed: it took longer than it may.
        """
        work = partial(self._opener.open, name, self.device, threads)
        async with self._opening:
            opening = asyncio.wrap_future(self._opens.submit(work))
            if await _ends(opening, self._limits.load_s):
                return opening.result()
            self._opener.replace(opening=True)
            if not await _ends(opening, GRACE_S):
                self._opens.shutdown(wait=False)
                self._opens = self._start_thread("open")
        opening.add_done_callback(_close_late)
        raise ModelFailed(
            f"The model {name} could not be opened within {self._limits.load_s:g} s: take another "
            "model, or start the server with a longer --load-limit."
        )

    async def run(self, model: Model, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which runs `model` and nothing else.

        Raises:
            DeviceUnavailable: the device is gone.
            ModelFailed: it took longer than it may, and was stopped.
        """
        running = asyncio.wrap_future(self._runs.submit(self._work, work))
        self._sweep_soon()
        if await _ends(running, self._limits.run_s):
            self.lost |= isinstance(running.exception(), DeviceUnavailable)
            return running.result()
        self.overdue = True
        try:
            model.stop()
            if not await _ends(running, GRACE_S):
                await self._replace(running)
        finally:
            self.overdue = False
        raise ModelFailed(
            f"The model {model.info.name} did not answer within {self._limits.run_s:g} s and was "
            "stopped: take another model or a smaller picture."
        )

    def _work(self, work: Callable[[], Result]) -> Result:
        if self._stopped:
            raise self._stopped
        return work()

    def _sweep_soon(self) -> None:
        """Give memory back in a while, behind the runs that are asked for by then.

        After each run it would cost the next one, as of frames, a fault for every page.
        """
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep_now)

    def _sweep_now(self) -> None:
        self._sweep = None
        self._runs.submit(empty_the_heap)

    async def _replace(self, running: asyncio.Future[Any]) -> None:
        """End a run that did not stop, or leave it alone on a thread of its own."""
        self._opener.replace()
        if not await _ends(running, GRACE_S):
            self._runs.shutdown(wait=False)
            self._runs = self._start_thread("run")

    async def close(self, model: Model) -> None:
        """Close a model after the run that is under way."""
        only = [model]
        del model
        await asyncio.wrap_future(self._runs.submit(_close, only))

    @property
    def child_peak_bytes(self) -> int:
        """The most memory that its models' own process has taken."""
        return self._opener.peak_bytes

    def stop(self, error: Exception) -> None:
        """Let what runs end; what is run later raises `error` instead, closing excepted."""
        self._stopped = error

    def shutdown(self) -> None:
        """End both threads when they are done, and whatever the models live in."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._opens.shutdown(wait=False)
        self._runs.shutdown(wait=False)
        self._opener.close()


async def _perform(entries: Sequence[Entry[Piece[Any]]]) -> None:
    await entries[0].work.perform(entries)


async def _ends(running: asyncio.Future[Any], limit_s: float) -> bool:
    """Tell whether a run ends in time; how it ends is the caller's to ask."""
    running.add_done_callback(_look_at)
    done, _ = await asyncio.wait({running}, timeout=limit_s)
    return bool(done)


def _look_at(running: asyncio.Future[Any]) -> None:
    """Keep asyncio from complaining of a failure that nobody waits for any more."""
    if not running.cancelled():
        running.exception()


def _close_late(opening: asyncio.Future[Model]) -> None:
    """Close a model that came when nobody waited for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _close(only: list[Model]) -> None:
    """Close a model and let go of it.

    The list holds the last reference, so that a large graph is freed here, on the device's
    thread and before the closing counts as done.
    """
    only.pop().close()
