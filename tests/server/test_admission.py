"""A server takes as many calls as it has places, and none when it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack

import pytest

from frisket.protocol.reasons import Reason
from frisket.server.admission import Admission
from frisket.server.errors import ServiceError
from frisket.server.limits import Limits


def serve(limits: Limits, scenario: Callable[[Admission], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(Admission(limits, "cpu")), 10))  # type: ignore[arg-type]


async def refuse(admission: Admission) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await admission.slot().__aenter__()
    return caught.value


async def sit(admission: Admission, told: list[ServiceError]) -> asyncio.Task[None]:
    """Hold a place until it is taken away; `told` says why."""
    seated = asyncio.Event()

    async def work() -> None:
        async with admission.slot() as seat:
            leaving = asyncio.Event()

            def dismiss(error: ServiceError) -> None:
                told.append(error)
                leaving.set()

            seat.fail = dismiss
            seat.rest()
            seated.set()
            await leaving.wait()

    task = asyncio.create_task(work())
    await seated.wait()
    return task


def test_the_last_place_is_given_and_one_more_is_not() -> None:
    async def scenario(admission: Admission) -> None:
        async with AsyncExitStack() as seats:
            for _ in range(3):
                await seats.enter_async_context(admission.slot())
            error = await refuse(admission)
            assert (error.reason, error.retry_s) == (Reason.BUSY, 1.0)
        async with admission.slot():
            assert admission.open == 1
        assert admission.open == 0

    serve(Limits(sessions=3), scenario)


def test_a_leaving_server_takes_nothing_new() -> None:
    async def scenario(admission: Admission) -> None:
        admission.drain()
        assert (await refuse(admission)).reason is Reason.DRAINING

    serve(Limits(), scenario)


def test_who_rests_longest_gives_its_place_to_who_comes() -> None:
    async def scenario(admission: Admission) -> None:
        first: list[ServiceError] = []
        second: list[ServiceError] = []
        tasks = [await sit(admission, first), await sit(admission, second)]
        async with admission.slot():
            assert [error.reason for error in first] == [Reason.BUSY]
            assert not second
            assert admission.open == 2
        async with admission.slot():
            assert not second, "there was room"
        admission.drain()
        assert [error.reason for error in second] == [Reason.DRAINING]
        await asyncio.wait(tasks)

    serve(Limits(sessions=2), scenario)


def test_who_works_keeps_its_place() -> None:
    async def scenario(admission: Admission) -> None:
        async with admission.slot() as seat:
            seat.rest()
            seat.work()
            assert (await refuse(admission)).reason is Reason.BUSY

    serve(Limits(sessions=1), scenario)


def test_one_token_cannot_have_every_place() -> None:
    async def scenario(admission: Admission) -> None:
        async with AsyncExitStack() as seats:
            with admission.call("a"):
                await seats.enter_async_context(admission.slot())
                await seats.enter_async_context(admission.slot())
                assert "your token" in (await refuse(admission)).message
            with admission.call("b"):
                await seats.enter_async_context(admission.slot())
                assert "this server" in (await refuse(admission)).message

    serve(Limits(sessions=3, sessions_per_token=2), scenario)


@pytest.mark.parametrize("full", [False, True])
def test_a_token_with_all_its_places_takes_one_of_its_own(full: bool) -> None:
    async def scenario(admission: Admission) -> None:
        strangers: list[ServiceError] = []
        own: list[ServiceError] = []
        with admission.call("stranger"):
            tasks = [await sit(admission, strangers)]
        with admission.call("mine"):
            async with admission.slot():
                assert (await refuse(admission)).reason is Reason.BUSY and not strangers
            tasks.append(await sit(admission, own))
            async with admission.slot():
                assert len(own) == 1 and not strangers
        admission.drain()
        await asyncio.gather(*tasks)

    serve(Limits(sessions=2 if full else 9, sessions_per_token=1), scenario)


def test_one_token_has_so_many_calls_at_once() -> None:
    admission = Admission(Limits(calls_per_token=2), "cpu")
    with ExitStack() as calls:
        for _ in range(2):
            calls.enter_context(admission.call("a"))
        with pytest.raises(ServiceError) as caught:
            calls.enter_context(admission.call("a"))
        assert caught.value.reason is Reason.BUSY
        calls.enter_context(admission.call("b"))
    with admission.call("a"):
        pass


def test_one_token_has_so_many_calls_a_minute() -> None:
    now = 0.0
    admission = Admission(Limits(calls_per_minute=6), "cpu", lambda: now)
    for _ in range(6):
        with admission.call("a"):
            pass
    with pytest.raises(ServiceError) as caught:
        admission.call("a").__enter__()
    assert caught.value.reason is Reason.BUSY
    assert caught.value.retry_s == pytest.approx(10)
    with admission.call("b"):
        pass
    now = 10.1
    with admission.call("a"):
        pass
    with pytest.raises(ServiceError):
        admission.call("a").__enter__()
