"""Sessions share a device without waiting for one another, or suffering one another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from frisket.models import OutOfMemory
from frisket.server.batcher import Batcher, Piece
from frisket.server.lane import Claim, Entry, Lane
from frisket.server.turns import Priority

Scenario = Callable[[Callable[[int], Awaitable[int]]], Awaitable[Any]]


class Recorder:
    """Doubles numbers; blocks while the gate is shut; fails on a negative number."""

    def __init__(self, memory: int = 99) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.memory = memory
        self.stops = 0

    def stop(self) -> None:
        self.stops += 1

    def run(self, works: Sequence[int]) -> Sequence[int]:
        self.gate.wait(10)
        self.batches.append(list(works))
        if len(works) > self.memory:
            raise OutOfMemory("The device's memory is too small.")
        if min(works) < 0:
            raise ValueError("negative")
        return [2 * work for work in works]


class Device:
    """A thread with its queue, as a runner has them."""

    def __init__(self) -> None:
        self.lane: Lane[Piece[Any]] = Lane(1, self.perform)
        self._thread = ThreadPoolExecutor(1)

    async def perform(self, entries: Sequence[Entry[Piece[Any]]]) -> None:
        await entries[0].work.perform(entries)

    async def run(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def batcher(self, recorder: Recorder, max_batch: int = 4) -> Batcher[int, int]:
        return Batcher(recorder.run, self.lane, self.run, recorder.stop, lambda: max_batch)


def play(recorder: Recorder, scenario: Scenario, max_batch: int = 4) -> Any:
    """Run a scenario with a way to submit numbers, each from a session of its own."""

    async def run() -> Any:
        shared = Device().batcher(recorder, max_batch)
        return await asyncio.wait_for(scenario(lambda n: shared.submit(Claim(n), n)), 10)

    return asyncio.run(run())


async def together(recorder: Recorder, works: Sequence[Awaitable[int]]) -> list[Any]:
    """Submit works while the device is busy; return their answers and errors."""
    recorder.gate.clear()
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(0.05)
    recorder.gate.set()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def submit_all(recorder: Recorder, *numbers: int, max_batch: int = 4) -> list[Any]:
    return play(  # type: ignore[no-any-return]
        recorder, lambda submit: together(recorder, [submit(n) for n in numbers]), max_batch
    )


def test_a_lone_request_runs_at_once() -> None:
    recorder = Recorder()
    assert play(recorder, lambda submit: submit(3)) == 6
    assert recorder.batches == [[3]]


def test_who_waits_shares_the_next_run_and_none_is_too_large() -> None:
    recorder = Recorder()
    assert submit_all(recorder, *range(10)) == [2 * n for n in range(10)]
    assert recorder.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]


def test_a_model_of_one_picture_a_run_answers_one_by_one() -> None:
    async def scenario(submit: Callable[[int], Awaitable[int]]) -> list[int]:
        recorder.gate.clear()
        tasks = [asyncio.ensure_future(submit(n)) for n in range(4)]
        for task in tasks:
            task.add_done_callback(lambda done: order.append(len(recorder.batches)))
        await asyncio.sleep(0.05)
        recorder.gate.set()
        return list(await asyncio.gather(*tasks))

    recorder, order = Recorder(), list[int]()
    assert play(recorder, scenario, 1) == [0, 2, 4, 6]
    assert recorder.batches == [[0], [1], [2], [3]]
    assert order[0] < 4, "the first is answered before the last has run"


def test_one_bad_picture_does_not_fail_the_others() -> None:
    recorder = Recorder()
    zero, first, second, third = submit_all(recorder, 0, 1, -1, 2)
    assert (zero, first, third) == (0, 2, 4)
    assert isinstance(second, ValueError)
    assert recorder.batches == [[0], [1, -1, 2], [1], [-1], [2]]


def test_too_little_memory_halves_the_batch_keeps_the_order_and_goes_on() -> None:
    recorder = Recorder(memory=2)
    assert submit_all(recorder, *range(13), max_batch=8) == [2 * n for n in range(13)]
    assert recorder.batches[:6] == [[0], [*range(1, 9)], [1, 2, 3, 4], [1, 2], [3, 4], [5, 6]]
    assert [n for batch in recorder.batches[3:] for n in batch] == [*range(1, 13)]
    assert max(map(len, recorder.batches[3:])) == 2, "it is not tried again"


def test_a_picture_that_never_fits_fails_alone() -> None:
    recorder = Recorder(memory=0)
    answers = submit_all(recorder, 1, 2, 3)
    assert [type(answer) for answer in answers] == [OutOfMemory] * 3
    assert recorder.batches == [[1], [2, 3], [2], [3]]


def test_answers_that_are_too_few_fail_those_who_asked() -> None:
    class Short(Recorder):
        def run(self, works: Sequence[int]) -> Sequence[int]:
            return super().run(works)[: 1 if len(works) > 1 else None]

    recorder = Short()
    assert submit_all(recorder, 1, 2, 3) == [2, 4, 6], "nobody gets another's answer, or none"


def test_a_cancelled_ticket_is_dropped_before_and_after_the_run() -> None:
    async def scenario(submit: Callable[[int], Awaitable[int]]) -> None:
        recorder.gate.clear()
        running = asyncio.ensure_future(submit(1))
        await asyncio.sleep(0.05)
        waiting, kept = (asyncio.ensure_future(submit(n)) for n in (2, 3))
        await asyncio.sleep(0.01)
        running.cancel()
        waiting.cancel()
        recorder.gate.set()
        assert await asyncio.wait_for(kept, 5) == 6
        with pytest.raises(asyncio.CancelledError):
            await running

    recorder = Recorder()
    play(recorder, scenario)
    assert recorder.batches == [[1], [3]]


def test_a_run_is_stopped_when_the_last_who_waits_for_it_has_left() -> None:
    class Held(Recorder):
        """Holds the run of 1 and 2 until it is stopped."""

        def run(self, works: Sequence[int]) -> Sequence[int]:
            answers = super().run(works)
            if 1 in works:
                begun.set()
                stopped.wait(10)
            return answers

        def stop(self) -> None:
            super().stop()
            stopped.set()

    async def scenario(submit: Callable[[int], Awaitable[int]]) -> None:
        recorder.gate.clear()
        first = asyncio.ensure_future(submit(9))
        await asyncio.sleep(0.05)
        one, two = (asyncio.ensure_future(submit(n)) for n in (1, 2))
        await asyncio.sleep(0.05)
        recorder.gate.set()
        assert await first == 18
        while not begun.is_set():
            await asyncio.sleep(0.01)
        one.cancel()
        await asyncio.sleep(0.05)
        assert not stopped.is_set(), "somebody waits still"
        two.cancel()
        assert await submit(4) == 8

    begun, stopped, recorder = threading.Event(), threading.Event(), Held()
    play(recorder, scenario)
    assert recorder.stops == 1, "nothing is stopped after its end"
    assert recorder.batches == [[9], [1, 2], [4]]


def test_who_left_a_batch_that_failed_is_not_run_again() -> None:
    async def scenario(submit: Callable[[int], Awaitable[int]]) -> None:
        recorder.gate.clear()
        first = asyncio.ensure_future(submit(9))
        await asyncio.sleep(0.05)
        bad, gone, kept = (asyncio.ensure_future(submit(n)) for n in (-1, 2, 3))
        await asyncio.sleep(0.01)
        recorder.gate.set()
        while len(recorder.batches) < 2:
            await asyncio.sleep(0)
        gone.cancel()
        assert await asyncio.wait_for(kept, 5) == 6
        assert await first == 18
        with pytest.raises(ValueError, match="negative"):
            await bad

    recorder = Recorder()
    play(recorder, scenario)
    assert recorder.batches == [[9], [-1, 2, 3], [-1], [3]]


def test_models_of_one_device_take_turns_and_first_masks_go_first() -> None:
    """Whatever a model is part of, its work keeps the class of who asked."""

    async def scenario() -> None:
        device = Device()
        coarse, patches = device.batcher(recorder), device.batcher(recorder, 1)
        claims = [
            (patches, 0, Priority.TILE),
            (patches, 1, Priority.TILE),
            (coarse, 2, Priority.BATCH),
            (patches, 3, Priority.TILE),
            (coarse, 4, Priority.FIRST_MASK),
        ]
        works = [who.submit(Claim(n, priority), n) for who, n, priority in claims]
        assert await together(recorder, works) == [0, 2, 4, 6, 8]

    recorder = Recorder()
    asyncio.run(scenario())
    assert recorder.batches == [[0], [4, 2], [1], [3]]
