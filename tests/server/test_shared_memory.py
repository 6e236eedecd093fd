"""Models draw on the same sum as sessions: idle ones leave for others, those in use do not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from frisket.models import ModelInfo, Registry
from frisket.models.adapters.fake import FAKE, FakeModel
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError
from frisket.server.limits import Limits
from frisket.server.placement import Placement
from frisket.server.places import Close, Device
from frisket.server.pool import MEMORY_PER_FILE_BYTE, ModelPool

SIZE = 10 * MEMORY_PER_FILE_BYTE


class Shelf(Registry):
    """Opens any name; every model has a file of 10 bytes."""

    def identify(self, name: str) -> str:
        return name

    def info(self, name: str) -> ModelInfo:
        return replace(FAKE, name=name, size_bytes=10)

    def open(self, name: str = "", device: str = "auto", threads: int | None = None) -> FakeModel:
        return FakeModel()


def play(home: Path, total: int, scenario: Callable[[ModelPool, Budget], Awaitable[None]]) -> None:
    async def run() -> None:
        budget = Budget(total)
        pool = ModelPool(Shelf(home), "cpu", 1, Limits(models=9))
        pool.share_memory(budget)
        try:
            await scenario(pool, budget)
        finally:
            await pool.close()
        assert budget.spent_on("models") == 0

    asyncio.run(asyncio.wait_for(run(), 20))  # type: ignore[arg-type]


def test_idle_models_leave_the_least_recently_used_first() -> None:
    placement = Placement([Device("d")], 9)
    for ticket, name in enumerate("abc"):
        placement.request(ticket, name, 10)
        placement.opened(ticket)
    placement.release(1)
    placement.release(0)
    assert placement.staying_bytes() == 30
    assert placement.reclaim(0) == ([], 0)
    assert placement.reclaim(1) == ([Close(1, "d")], 10)
    assert placement.reclaim(99) == ([Close(0, "d")], 10)
    assert placement.reclaim(99) == ([], 0)
    assert placement.staying_bytes() == 10


def test_a_session_gets_what_idle_models_take(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, budget: Budget) -> None:
        for name in "abc":
            await pool.load(name)
        assert budget.spent_on("models") == 3 * SIZE
        budget.take("sessions", 2 * SIZE)
        assert [name for name in "abc" if pool.is_loaded(name)] == ["b", "c"]
        budget.give("sessions", 2 * SIZE)

    play(tmp_path, 4 * SIZE, scenario)


def test_models_in_use_stay_and_the_session_is_refused(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, budget: Budget) -> None:
        held = [await pool.acquire(name) for name in "ab"]
        with pytest.raises(ServiceError):
            budget.take("sessions", SIZE)
        pool.release(held[0])
        assert pool.is_loaded("a"), "there is room while nobody asks"
        budget.take("sessions", SIZE)
        assert not pool.is_loaded("a"), "who is idle leaves"
        pool.release(held[1])

    play(tmp_path, 5 * SIZE // 2, scenario)
