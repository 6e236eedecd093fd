"""Sessions share model runs without waiting for one another, or suffering one another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from frisket.server.batcher import Batcher


class Recorder:
    """Doubles numbers; blocks while the gate is shut; fails on a negative number."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()

    def run(self, works: Sequence[int]) -> Sequence[int]:
        self.gate.wait(10)
        self.batches.append(list(works))
        if min(works) < 0:
            raise ValueError("negative")
        return [2 * work for work in works]


def batcher(recorder: Recorder) -> Batcher[int, int]:
    return Batcher(recorder.run, ThreadPoolExecutor(1), max_batch=4)


def test_a_lone_request_runs_at_once() -> None:
    recorder = Recorder()
    assert asyncio.run(batcher(recorder).submit(3)) == 6
    assert recorder.batches == [[3]]


def test_who_waits_shares_the_next_run() -> None:
    async def scenario() -> list[int]:
        recorder.gate.clear()
        shared = batcher(recorder)
        tasks = [asyncio.create_task(shared.submit(n)) for n in range(6)]
        await asyncio.sleep(0.05)
        recorder.gate.set()
        return list(await asyncio.gather(*tasks))

    recorder = Recorder()
    assert asyncio.run(scenario()) == [0, 2, 4, 6, 8, 10]
    assert [len(batch) for batch in recorder.batches] == [4, 2]


def test_one_bad_picture_does_not_fail_the_others() -> None:
    async def scenario() -> list[object]:
        shared = batcher(recorder)
        works = [shared.submit(n) for n in (1, -1, 2)]
        return list(await asyncio.gather(*works, return_exceptions=True))

    recorder = Recorder()
    first, second, third = asyncio.run(scenario())
    assert (first, third) == (2, 4)
    assert isinstance(second, ValueError)


def test_a_cancelled_ticket_is_dropped_before_and_after_the_run() -> None:
    async def scenario() -> None:
        recorder.gate.clear()
        shared = batcher(recorder)
        running = asyncio.create_task(shared.submit(1))
        await asyncio.sleep(0.05)
        waiting, kept = (asyncio.create_task(shared.submit(n)) for n in (2, 3))
        await asyncio.sleep(0.01)
        running.cancel()
        waiting.cancel()
        recorder.gate.set()
        assert await asyncio.wait_for(kept, 5) == 6
        with pytest.raises(asyncio.CancelledError):
            await running

    recorder = Recorder()
    asyncio.run(scenario())
    assert recorder.batches == [[1], [3]]


def test_who_left_a_batch_that_failed_is_not_run_again() -> None:
    async def scenario() -> None:
        recorder.gate.clear()
        shared = batcher(recorder)
        asyncio.create_task(shared.submit(9)).add_done_callback(lambda done: done.result())
        await asyncio.sleep(0.05)
        bad, gone, kept = (asyncio.create_task(shared.submit(n)) for n in (-1, 2, 3))
        await asyncio.sleep(0.01)
        recorder.gate.set()
        while len(recorder.batches) < 2:
            await asyncio.sleep(0)
        gone.cancel()
        assert await asyncio.wait_for(kept, 5) == 6
        with pytest.raises(ValueError, match="negative"):
            await bad

    recorder = Recorder()
    asyncio.run(scenario())
    assert recorder.batches == [[9], [-1, 2, 3], [-1], [3]]
