"""Runs one model for many sessions, several pictures at once where its graph takes them."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from frisket.models import OutOfMemory
from frisket.server.lane import Claim, Entry, Lane

Work = TypeVar("Work")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Piece(Generic[Work]):
    """What waits for a device: a model's work, and who performs it."""

    perform: Callable[[Sequence[Entry[Piece[Work]]]], Awaitable[None]]
    work: Work


class RunModel(Protocol):
    """Calls a model on its device's thread."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]:
        """Return what `work` returns."""


class Batcher(Generic[Work, Answer]):
    """Micro-batches without a waiting window: a lone request starts at once.

    Who waits for the same model while the device is busy shares the next run, if the model can
    take several at once; else they run, and are answered, one by one. A cancelled ticket is
    dropped before the run, and its answer after it; a run that nobody waits for any more is
    stopped. A batch that fails is run again one by one,
    so that one bad picture does not fail the others; one that the memory is too small for is
    halved, and later ones are no larger.

    Args:
        run: computes the answers to a list of works, in order.
        lane: the device's queue.
        run_model: where `run` is called.
        stop: makes the run that is under way fail soon.
        allowed: returns how many works one run may have now.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Work]], Sequence[Answer]],
        lane: Lane[Piece[Any]],
        run_model: RunModel,
        stop: Callable[[], None] = lambda: None,
        allowed: Callable[[], int] = lambda: 1,
    ) -> None:
        self._run = run
        self._lane = lane
        self._run_model = run_model
        self._stop = stop
        self._allowed = allowed
        self._fitting = sys.maxsize

    @property
    def max_batch(self) -> int:
        """Works in one run, at most."""
        return max(1, min(self._allowed(), self._fitting))

    async def submit(self, claim: Claim, work: Work) -> Answer:
        """Return the answer to one work; cancelling this drops it."""
        piece = Piece(self._perform, work)
        answer: Answer = await self._lane.submit(claim, piece, self, self.max_batch)
        return answer

    async def _perform(self, entries: Sequence[Entry[Piece[Work]]]) -> None:
        waiting = deque(entries)
        while batch := self._next_batch(waiting):
            try:
                answers = await self._compute(batch)
            except (OutOfMemory, MemoryError) as error:
                if len(batch) == 1:
                    batch[0].settle(error)
                    continue
                self._fitting = len(batch) // 2
                waiting.extendleft(reversed(batch))
            except Exception as error:
                await self._run_apart(batch, error)
            else:
                for entry, answer in zip(batch, answers, strict=True):
                    entry.settle(answer)

    def _next_batch(self, waiting: deque[Entry[Piece[Work]]]) -> list[Entry[Piece[Work]]]:
        batch: list[Entry[Piece[Work]]] = []
        while waiting and len(batch) < self.max_batch:
            entry = waiting.popleft()
            if not entry.gone:
                batch.append(entry)
        return batch

    async def _compute(self, batch: Sequence[Entry[Piece[Work]]]) -> Sequence[Answer]:
        def stop_if_alone(_: object) -> None:
            if all(entry.gone for entry in batch):
                self._stop()

        works = [entry.work.work for entry in batch]
        batch[0].wait.run_with(len(batch) - 1)
        for entry in batch:
            entry.watch(stop_if_alone)
        try:
            answers = await self._run_model(partial(self._run, works))
        finally:
            for entry in batch:
                entry.unwatch(stop_if_alone)
        if len(answers) != len(batch):
            raise RuntimeError(f"{len(answers)} answers came to {len(batch)} pictures")
        return answers

    async def _run_apart(self, batch: Sequence[Entry[Piece[Work]]], error: Exception) -> None:
        """Run what failed together one by one, and answer each at once."""
        if len(batch) == 1:
            batch[0].settle(error)
            return
        for entry in batch:
            if entry.gone:  # cancelled meanwhile: the model may be about to close
                continue
            try:
                entry.settle((await self._compute([entry]))[0])
            except Exception as alone:
                entry.settle(alone)
