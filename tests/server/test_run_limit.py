"""A run of a model that takes longer than it may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pool_kit import PICTURE, GatedRegistry, play, until

from frisket.models import ModelFailed
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool


def test_a_run_that_never_ends_fails_alone_and_others_go_on(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        a, b = await pool.acquire("a"), await pool.acquire("b")
        model = registry.models["a"]()
        assert model is not None
        model.gate.clear()
        hangs = asyncio.create_task(a.batcher.submit(Claim(), PICTURE))
        waits = asyncio.create_task(b.batcher.submit(Claim(), PICTURE))
        await until(lambda: pool.overdue)
        with pytest.raises(ModelFailed, match=r"a did not answer within 0\.1 s"):
            await hangs
        assert (await waits).alpha.shape == (8, 8)
        assert not pool.overdue
        model.gate.set()

    said = play(tmp_path, scenario, Limits(run_s=0.1)).said("begin", "end")
    assert ("begin", "b") in said


def test_a_run_that_stops_when_told_costs_no_thread(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        a = await pool.acquire("a")
        model = registry.models["a"]()
        assert model is not None
        model.gate.clear()
        model.stop = model.gate.set  # type: ignore[method-assign]
        with pytest.raises(ModelFailed):
            await a.batcher.submit(Claim(), PICTURE)
        assert (await a.batcher.submit(Claim(), PICTURE)).alpha.shape == (8, 8)

    play(tmp_path, scenario, Limits(run_s=0.1))
