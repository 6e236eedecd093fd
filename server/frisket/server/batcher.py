"""Runs one model for many sessions: whoever waits while it runs shares the next run."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

Work = TypeVar("Work")
Answer = TypeVar("Answer")


class Batcher(Generic[Work, Answer]):
    """Micro-batches without a waiting window: a lone request starts at once.

    A cancelled ticket is dropped before the run, and its answer after it; a batch that
    fails is run again one by one, so that one bad picture does not fail the others.

    Args:
        run: computes the answers to a list of works, in order; called on `executor`.
        executor: where it runs.
        max_batch: works in one run.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Work]], Sequence[Answer]],
        executor: Executor,
        max_batch: int = 8,
    ) -> None:
        self._run = run
        self._executor = executor
        self._max_batch = max_batch
        self._queue: deque[tuple[Work, asyncio.Future[Answer]]] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, work: Work) -> Answer:
        """Return the answer to one work; cancelling this drops it."""
        ticket: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((work, ticket))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._drain())
        return await ticket

    async def _drain(self) -> None:
        while batch := self._next_batch():
            try:
                answers: Sequence[Any] = await self._compute([work for work, _ in batch])
            except Exception as error:
                answers = await self._one_by_one(batch, error)
            for (_, ticket), answer in zip(batch, answers, strict=True):
                _settle(ticket, answer)

    def _next_batch(self) -> list[tuple[Work, asyncio.Future[Answer]]]:
        batch: list[tuple[Work, asyncio.Future[Answer]]] = []
        while self._queue and len(batch) < self._max_batch:
            work, ticket = self._queue.popleft()
            if not ticket.done():
                batch.append((work, ticket))
        return batch

    async def _compute(self, works: list[Work]) -> Sequence[Answer]:
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._run, works)

    async def _one_by_one(
        self, batch: list[tuple[Work, asyncio.Future[Answer]]], error: Exception
    ) -> list[Any]:
        if len(batch) == 1:
            return [error]
        answers: list[Any] = []
        for work, ticket in batch:
            if ticket.done():  # cancelled meanwhile: the model may be about to close
                answers.append(error)
                continue
            try:
                answers.extend(await self._compute([work]))
            except Exception as alone:
                answers.append(alone)
        return answers


def _settle(ticket: asyncio.Future[Any], answer: Any) -> None:
    if ticket.done():
        return
    if isinstance(answer, Exception):
        ticket.set_exception(answer)
    else:
        ticket.set_result(answer)
