"""A model whose opening takes longer than it may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pool_kit import PICTURE, GatedRegistry, play, until

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool


def test_an_opening_that_never_ends_fails_for_all_who_wait_and_for_nobody_else(
    tmp_path: Path,
) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        gate = registry.shut("a")
        waiting = [asyncio.create_task(pool.acquire("a")) for _ in range(2)]
        await until(lambda: registry.said("open"))
        b = await pool.acquire("b")
        assert (await b.batcher.submit(Claim(), PICTURE)).alpha.shape == (8, 8)
        for each in waiting:
            with pytest.raises(
                ServiceError, match=r"a could not be opened within 0\.1 s"
            ) as caught:
                await each
            assert caught.value.reason is Reason.MODEL_FAILED
        assert not pool.is_loaded("a")
        gate.set()
        await until(lambda: registry.said("close"))
        assert (await pool.acquire("a")).model is not None, "it is tried again when asked for"

    said = play(tmp_path, scenario, Limits(load_s=0.1)).said("open", "close")
    assert said.count(("close", "a")) == 2, "what came too late is closed too"
