"""Which models stay in memory: those in use, those that are pinned, others for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pool_kit import PICTURE, GatedRegistry, play, until

from frisket.models import Registry
from frisket.protocol.reasons import Reason
from frisket.server import pool as pools
from frisket.server.child import ChildOpener
from frisket.server.errors import ServiceError
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool
from frisket.server.scale import Scale


def test_a_model_leaves_a_while_after_its_last_use(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        loaded = await pool.acquire("a")
        await asyncio.sleep(0.1)
        assert pool.is_loaded("a"), "it is in use"
        await loaded.batcher.submit(Claim(), PICTURE)
        pool.release(loaded)
        await until(lambda: registry.said("close"))
        await pool.load("a")

    assert play(tmp_path, scenario, keep_s=0.02).said("open") == [("open", "a")] * 2


def test_without_a_time_to_stay_a_model_leaves_at_once(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        await pool.load("a")
        await until(lambda: registry.said("close"))

    play(tmp_path, scenario, keep_s=0)


def test_a_pinned_model_stays_until_it_is_unloaded(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        await pool.load("a")
        for name in "bc":
            await pool.load(name)
            await until(lambda name=name: ("close", name) in registry.said("close"))
        assert pool.is_loaded("a")
        pool.unload("a")
        await until(lambda: ("close", "a") in registry.said("close"))

    play(tmp_path, scenario, Limits(model_bytes=50), keep_s=0.01, pinned=["a"])


def test_a_model_can_be_pinned_later_and_unloading_ends_that(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        await pool.load("a", pin=True)
        await pool.load("b")
        await until(lambda: registry.said("close") == [("close", "b")])
        assert (pool.is_pinned("a"), pool.is_pinned("b")) == (True, False)
        await pool.load("a")
        assert pool.is_pinned("a"), "to load it again without a pin takes none away"
        pool.unload("a")
        await until(lambda: not pool.is_loaded("a"))
        await pool.load("a")
        await until(lambda: registry.said("close") == [("close", name) for name in "baa"])

    play(tmp_path, scenario, keep_s=0.01)


def test_a_pin_that_an_unloading_overtakes_does_not_hold(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")
        loading = asyncio.create_task(pool.load("a", pin=True))
        await until(lambda: registry.said("open"))
        pool.unload("a")
        gate.set()
        await loading
        await until(lambda: registry.said("close") == [("close", "a")])
        assert not pool.is_pinned("a")

    play(tmp_path, scenario)


def test_what_is_pinned_takes_room_that_nobody_else_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ROOM_PATIENCE_S", 0.05)

    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        await pool.load("a", pin=True)
        with pytest.raises(ServiceError, match="pinned leave no room for b"):
            await pool.load("b")
        pool.unload("a")
        await pool.load("b")

    play(tmp_path, scenario, Limits(model_bytes=40))


def test_who_holds_nothing_waits_for_room(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = await pool.acquire("a")
        waits = asyncio.create_task(pool.acquire("b"))
        await asyncio.sleep(0.05)
        assert registry.said("open") == [("open", "a")], "there is room for one"
        pool.release(held)
        pool.release(await waits)
        assert registry.said("open", "close") == [("open", "a"), ("close", "a"), ("open", "b")]

    play(tmp_path, scenario, Limits(model_bytes=40))


def test_who_only_rests_with_a_model_leaves_for_who_needs_room(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        resting = [await pool.acquire("a")]

        async def dismiss() -> bool:
            if not resting:
                return False
            pool.release(resting.pop())
            return True

        pool.make_room = dismiss
        pool.release(await pool.acquire("b"))
        assert registry.said("close") == [("close", "a")]

    play(tmp_path, scenario, Limits(model_bytes=40))


def test_who_holds_a_model_gets_its_refiner_without_waiting(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = await pool.acquire("a")
        pool.release(await pool.acquire_refiner())
        pool.release(held)

    play(tmp_path, scenario, Limits(model_bytes=20))


def test_who_waits_for_room_too_long_is_told_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ROOM_PATIENCE_S", 0.05)

    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = await pool.acquire("a")
        with pytest.raises(ServiceError, match="no room for b") as caught:
            await pool.acquire("b")
        assert (caught.value.reason, caught.value.retry_s) == (Reason.BUSY, 2.0)
        pool.release(held)

    play(tmp_path, scenario, Limits(model_bytes=20))


def test_a_model_that_is_too_large_for_the_budget_runs_alone(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        pool.release(await pool.acquire("a"))
        pool.release(await pool.acquire("b"))
        await until(lambda: registry.said("close") == [("close", "a"), ("close", "b")])

    play(tmp_path, scenario, Limits(model_bytes=5))


def test_what_a_process_keeps_belongs_to_the_model_that_it_worked_for() -> None:
    bytes_now = iter([100, 150, 160, 155])
    scale = Scale(lambda: next(bytes_now))
    with scale.work(1, opens=True), scale.work(2, opens=False):
        pass  # a run of a model that was never opened here: it weighs nothing
    assert dict(scale.weights) == {1: 50}
    with scale.work(1, opens=False):
        pass
    assert dict(scale.weights) == {1: 60}, "the first run adds to it"
    scale.forget(1)
    assert (dict(scale.weights), scale.kept, scale.base) == ({}, 100, 100)
    with scale.work(1, opens=False):
        pass
    assert dict(scale.weights) == {}


def test_models_that_open_together_share_what_they_added() -> None:
    bytes_now = iter([100, 160])
    scale = Scale(lambda: next(bytes_now))
    with scale.work(1, opens=True), scale.work(2, opens=True):
        pass
    assert dict(scale.weights) == {1: 30, 2: 30}


def test_where_memory_is_not_known_nothing_is_weighed() -> None:
    scale = Scale(lambda: 0)
    with scale.work(1, opens=True):
        pass
    assert dict(scale.weights) == {}


def test_a_process_that_kept_memory_is_replaced_when_it_has_no_model(tmp_path: Path) -> None:
    opener = ChildOpener(Registry(tmp_path))
    try:
        model = opener.open("embedded", "cpu", 1)
        opener.rest()
        model.matte([PICTURE.rgb])
        size = opener.weigh(model)
        model.close()
        assert size == 0 or size > 1 << 20
        opener.rest()
        model = opener.open("embedded", "cpu", 1)
        assert model.matte([PICTURE.rgb])[0].alpha.shape == (8, 8)
    finally:
        opener.close()
