"""Each kind of work has threads of its own, and a session's work goes where it belongs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from frisket.matting.engine.pace import take_breath
from frisket.models import Registry
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler, Share


def play(scenario: Callable[[Scheduler], Awaitable[None]], hurry_s: float = 60) -> None:
    async def run() -> None:
        with contextlib.closing(Scheduler(1, hurry_s)) as scheduler:
            await asyncio.wait_for(scenario(scheduler), 20)

    asyncio.run(run())


async def solve_freely(share: Share) -> None:
    """Solve so often that the scenario's time is over if each solve has to wait until it rises."""
    for _ in range(25):
        await share.solve(int)


def test_neither_a_tile_nor_a_first_mask_waits_for_a_solve_or_a_batch() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        slow = [asyncio.create_task(one.solve(gate.wait)) for one in (share, batch)]
        await asyncio.sleep(0.05)
        assert await share.compute(lambda: 1) == 1
        assert await share.compute_in_sight(lambda: 2) == 2
        assert await share.show(lambda: 3) == 3
        assert not any(task.done() for task in slow)
        gate.set()
        await asyncio.gather(*slow)

    gate = threading.Event()
    play(scenario)


def test_solves_and_batches_begin_when_no_first_mask_is_waited_for() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        with share.hurry():
            held = [asyncio.create_task(one.solve(done.set)) for one in (share, batch)]
            held.append(asyncio.create_task(batch.compute(done.set)))
            assert await share.show(lambda: 1) == await share.compute(lambda: 1) == 1
            assert not done.is_set()
        await asyncio.gather(*held)
        with batch.hurry():  # for whose sake nobody waits
            assert await share.solve(lambda: 2) == 2

    done = threading.Event()
    play(scenario)


@pytest.mark.parametrize("kind", ["show", "solve", "compute", "compute_in_sight"])
def test_a_batch_begins_when_nothing_of_people_is_at_work(kind: str) -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        asked = asyncio.create_task(getattr(share, kind)(gate.wait))
        await asyncio.sleep(0)  # it has begun to wait
        held = asyncio.create_task(batch.compute(done.set))
        await asyncio.sleep(0.05)
        assert not done.is_set()
        gate.set()
        await asyncio.gather(asked, held)

    gate, done = threading.Event(), threading.Event()
    play(scenario)


def test_people_without_end_hold_batches_for_a_while_only() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        asked = asyncio.create_task(share.compute(gate.wait))
        await asyncio.sleep(0)
        assert await batch.compute(time.monotonic) >= began + 0.1
        gate.set()
        await asked

    gate, began = threading.Event(), time.monotonic()
    play(scenario, hurry_s=0.1)


def test_reading_a_large_message_holds_no_batch(tmp_path: Path) -> None:
    async def scenario(scheduler: Scheduler) -> None:
        pool = ModelPool(Registry(tmp_path), "cpu", 1, Limits())
        resources = Resources(pool, scheduler, Limits())
        reading = asyncio.create_task(resources.compute_if_large(gate.wait, 1 << 20))
        await asyncio.sleep(0)
        await solve_freely(scheduler.open_share(batch=True))
        gate.set()
        await reading

    gate = threading.Event()
    play(scenario, hurry_s=60)


def test_a_solve_that_has_begun_stops_between_two_steps_and_goes_on() -> None:
    def count_steps() -> None:
        while not over.is_set():
            take_breath()
            steps.append(1)
            time.sleep(0.001)

    async def stands_still() -> bool:
        await asyncio.sleep(0.02)  # for a step that had begun
        seen = len(steps)
        await asyncio.sleep(0.1)
        return len(steps) == seen

    async def scenario(scheduler: Scheduler) -> None:
        share = scheduler.open_share()
        for batch in (False, True):
            over.clear()
            solving = asyncio.create_task(scheduler.open_share(batch=batch).solve(count_steps))
            while await stands_still():
                continue
            with share.hurry():
                while not await stands_still():
                    continue
                assert await share.show(lambda: take_breath() or 1) == 1
                assert await share.compute(lambda: take_breath() or 2) == 2
            while await stands_still():
                continue
            over.set()
            await solving

    over, steps = threading.Event(), list[int]()
    play(scenario)


def test_a_solve_stops_for_a_while_only() -> None:
    def breathe() -> float:
        for _ in range(100):
            take_breath()
        return time.monotonic()

    async def scenario(scheduler: Scheduler) -> None:
        share = scheduler.open_share()
        with share.hurry():
            assert await share.solve(breathe) >= began + 0.1

    began = time.monotonic()
    play(scenario, hurry_s=0.1)


def test_what_is_held_begins_by_itself_in_the_end() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        with share.hurry():
            assert await asyncio.gather(share.solve(lambda: 1), batch.compute(lambda: 2)) == [1, 2]

    play(scenario)


def test_a_step_may_count_for_a_shorter_time() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share, began = scheduler.open_share(), time.monotonic()
        with share.hurry(0.05):
            assert await share.solve(time.monotonic) >= began + 0.05
            await solve_freely(share)

    play(scenario)


def test_first_masks_without_end_hold_nobody_for_good() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share = scheduler.open_share()
        with share.hurry():
            await asyncio.sleep(0.02)
            with share.hurry():
                assert await share.solve(time.monotonic) >= began + 0.1
                await solve_freely(share)
        with share.hurry():  # which is too slow, so the next one counts anew
            await asyncio.sleep(0.15)
            again = time.monotonic()
            with share.hurry():
                assert await share.solve(time.monotonic) >= again + 0.1

    began = time.monotonic()
    play(scenario, hurry_s=0.1)


def test_sessions_take_turns_whoever_came_first_with_much() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        many, few = scheduler.open_share(tile_mp=1.0), scheduler.open_share(tile_mp=1.0)
        held = asyncio.create_task(many.compute(gate.wait))
        await asyncio.sleep(0.05)
        works = [many.compute(partial(order.append, f"many {n}")) for n in range(5)]
        works.append(few.compute(partial(order.append, "few")))
        tasks = [asyncio.create_task(work) for work in works]
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(held, *tasks)

    gate, order = threading.Event(), list[str]()
    play(scenario)
    assert order.index("few") <= 1


def test_what_fails_and_who_leaves_disturb_nobody() -> None:
    async def scenario(scheduler: Scheduler) -> None:
        share = scheduler.open_share()
        held = asyncio.create_task(share.compute(gate.wait))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(share.compute(lambda: ran.append("gone")))
        fails = asyncio.create_task(share.compute(lambda: 1 // 0))
        kept = asyncio.create_task(share.compute(lambda: ran.append("kept")))
        await asyncio.sleep(0.05)
        gone.cancel()
        gate.set()
        await asyncio.gather(held, kept)
        with pytest.raises(ZeroDivisionError):
            await fails

    gate, ran = threading.Event(), list[str]()
    play(scenario)
    assert ran == ["kept"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness")
def test_who_can_wait_is_nicer() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def scenario(scheduler: Scheduler) -> None:
        share, batch = scheduler.open_share(), scheduler.open_share(batch=True)
        tile, solve = await share.compute(niceness), await share.solve(niceness)
        assert tile == await share.show(niceness) == own
        assert own < solve < await batch.compute(niceness)

    own = niceness()
    play(scenario)
    assert niceness() == own
