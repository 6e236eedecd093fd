"""Models open beside those that run, once, and are closed when they leave."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import numpy as np
import pytest
from pool_kit import PICTURE, GatedRegistry, play, until

from frisket.matting import Patch
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool


def test_an_open_model_is_granted_and_runs_while_another_opens(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        await pool.load("a")
        gate = registry.shut("b")
        slow = asyncio.create_task(pool.acquire("b"))
        await until(lambda: ("open", "b") in registry.said("open"))
        loaded = await pool.acquire("a")
        assert (await loaded.batcher.submit(Claim(), PICTURE)).alpha.shape == (8, 8)
        assert not slow.done()
        assert (pool.is_loaded("a"), pool.is_loaded("b")) == (True, False)
        gate.set()
        assert (await slow).model.info.name == "b"
        assert pool.is_loaded("b")

    play(tmp_path, scenario)


def test_a_model_is_opened_once_for_all_who_ask(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        all_of_them = await asyncio.gather(*(pool.acquire("a") for _ in range(5)))
        assert len({id(loaded.model) for loaded in all_of_them}) == 1
        assert (await pool.acquire("")).model is all_of_them[0].model, "the default"

    assert play(tmp_path, scenario).said("open") == [("open", "a")]


def test_a_model_that_cannot_be_opened_fails_only_who_asked_for_it(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        names = ("bad", "a", "bad", "bad luck", "b")
        tried = await asyncio.gather(*map(pool.acquire, names), return_exceptions=True)
        bad, a, again, luck, b = tried
        for error in (bad, again):
            assert isinstance(error, ServiceError)
            assert (error.reason, str(error)) == (Reason.MODEL_UNUSABLE, "bad cannot be loaded.")
        assert isinstance(luck, ZeroDivisionError)
        assert [a.model.info.name, b.model.info.name] == ["a", "b"]  # type: ignore[union-attr]
        with pytest.raises(ServiceError, match="bad cannot be loaded"):
            await pool.acquire("bad")

    said = play(tmp_path, scenario).said("open")
    assert said.count(("open", "bad")) == 2, "once for two who ask, and again when asked later"


def test_the_least_recently_used_model_is_closed_before_another_opens(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        for name in ("a", "b", "a", "c"):
            await pool.load(name)
        assert [name for name in "abc" if pool.is_loaded(name)] == ["a", "c"]
        gc.collect()
        assert registry.models["b"]() is None, "its memory is given back"
        assert registry.models["a"]() is not None

    said = play(tmp_path, scenario, Limits(models=2)).said("open", "close")
    assert said[:4] == [("open", "a"), ("open", "b"), ("close", "b"), ("open", "c")]
    assert sorted(said[4:]) == [("close", "a"), ("close", "c")], "at the end"


def test_bytes_count_too(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        for name in "abc":
            await pool.load(name)
        assert [name for name in "abc" if pool.is_loaded(name)] == ["b", "c"]

    play(tmp_path, scenario, Limits(models=9, model_bytes=50))


def test_a_model_is_closed_where_it_ran_and_after_its_last_run(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        loaded = await pool.acquire("a")
        model = registry.models["a"]()
        assert model is not None
        model.gate.clear()
        run = asyncio.create_task(loaded.batcher.submit(Claim(), PICTURE))
        await until(lambda: registry.said("begin"))
        run.cancel()
        pool.release(loaded)
        pool.unload("a")
        await asyncio.sleep(0.02)
        assert not registry.said("close")
        model.gate.set()
        await until(lambda: registry.said("close"))

    log = play(tmp_path, scenario).log
    assert [what for what, _, _ in log] == ["open", "begin", "end", "close"]
    opener, *runner = [thread for _, _, thread in log]
    assert len(set(runner)) == 1
    assert opener not in runner


def test_a_model_unloaded_in_use_is_closed_when_its_last_user_is_done(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        first, second = await pool.acquire("a"), await pool.acquire("a")
        pool.unload("a")
        assert pool.is_loaded("a"), "it is still in memory"
        fresh = await pool.acquire("a")
        assert fresh.model is not first.model
        pool.release(first)
        await second.batcher.submit(Claim(), PICTURE)
        assert not registry.said("close")
        pool.release(second)
        await until(lambda: registry.said("close"))
        pool.release(fresh)
        assert pool.is_loaded("a"), "the fresh one stays"
        pool.unload("a")
        assert not pool.is_loaded("a")

    assert play(tmp_path, scenario).said("close") == [("close", "a")] * 2


def test_who_leaves_while_a_model_opens_leaves_it_to_others(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")
        gone, stays = (asyncio.create_task(pool.acquire("a")) for _ in range(2))
        await until(lambda: registry.said("open"))
        gone.cancel()
        gate.set()
        pool.release(await stays)
        assert gone.cancelled()
        pool.unload("a")
        await until(lambda: registry.said("close"))

    play(tmp_path, scenario)


def test_a_model_whose_only_waiter_left_is_idle_and_can_leave(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")
        gone = asyncio.create_task(pool.acquire("a"))
        await until(lambda: registry.said("open"))
        gone.cancel()
        gate.set()
        await until(lambda: pool.is_loaded("a"))
        await pool.load("b")
        assert registry.said("close") == [("close", "a")]

    play(tmp_path, scenario, Limits(models=1))


def test_who_leaves_between_the_grant_and_its_arrival_holds_nothing(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")

        async def first() -> None:
            pool.release(await pool.acquire("a"))
            second.cancel()  # both were granted in the same moment

        one = asyncio.create_task(first())
        second = asyncio.create_task(pool.acquire("a"))
        await until(lambda: registry.said("open"))
        gate.set()
        await one
        with pytest.raises(asyncio.CancelledError):
            await second
        pool.unload("a")
        await until(lambda: registry.said("close"))

    play(tmp_path, scenario)


def test_sessions_that_want_each_others_model_as_well_both_get_it(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = list(await asyncio.gather(pool.acquire("a"), pool.acquire("b")))
        held += await asyncio.gather(pool.acquire("b"), pool.acquire("a"))
        for loaded in held:
            pool.release(loaded)
        await until(lambda: len(registry.said("close")) == 1)
        assert len([name for name in "ab" if pool.is_loaded(name)]) == 1, "the limit holds again"

    play(tmp_path, scenario, Limits(models=1))


def test_a_refiner_refines_and_is_refused_as_the_model(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        with pytest.raises(ServiceError, match="--quality best") as caught:
            await pool.acquire("refiner")
        assert caught.value.reason == Reason.MODEL_UNUSABLE
        refiner = await pool.acquire_refiner()
        assert refiner is not None
        assert refiner.patches is not None
        patch = Patch(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))
        assert (await refiner.patches.submit(Claim(), patch) == 7).all()
        pool.release(refiner)
        pool.unload("refiner")
        await until(lambda: registry.said("close"))

    play(tmp_path, scenario)


def test_a_closing_pool_closes_all_and_refuses_who_waits_or_comes(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = await pool.acquire("a")
        gate = registry.shut("b")
        waits = asyncio.create_task(pool.acquire("b"))
        await until(lambda: ("open", "b") in registry.said("open"))
        closing = asyncio.create_task(pool.close())
        for refused in (waits, asyncio.create_task(pool.acquire("a"))):
            with pytest.raises(ServiceError) as caught:
                await refused
            assert caught.value.reason == Reason.DRAINING
        gate.set()
        await closing
        pool.release(held)

    said = play(tmp_path, scenario).said("close")
    assert sorted(said) == [("close", "a"), ("close", "b")]


def test_a_closing_pool_drops_what_is_queued_and_leaves_in_time(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        a, b = await pool.acquire("a"), await pool.acquire("b")
        model = registry.models["a"]()
        assert model is not None
        model.gate.clear()
        runs = asyncio.create_task(a.batcher.submit(Claim(), PICTURE))
        await until(lambda: registry.said("begin"))
        queued = asyncio.create_task(b.batcher.submit(Claim(), PICTURE))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(pool.close(patience_s=0.05), 5)
        model.gate.set()
        await runs
        with pytest.raises((ServiceError, RuntimeError)):
            await queued

    said = play(tmp_path, scenario).said("begin", "end")
    assert said == [("begin", "a"), ("end", "a")]


def test_who_leaves_as_the_pool_closes_is_told_nothing(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")
        gone = asyncio.create_task(pool.acquire("a"))
        await until(lambda: registry.said("open"))
        gone.cancel()
        await pool.close(patience_s=0.05)
        with pytest.raises(asyncio.CancelledError):
            await gone
        gate.set()
        await until(lambda: "a" in registry.models)
        await asyncio.sleep(0.05)

    play(tmp_path, scenario)
