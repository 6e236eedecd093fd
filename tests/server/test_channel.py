"""A request, a failure beside it, or a duty not done in time: each ends the waiting."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from frisket.protocol.reasons import Reason
from frisket.server.channel import Channel
from frisket.server.errors import ServiceError
from frisket.server.wire import Request, Response


async def discard(_: Response) -> None:
    await asyncio.sleep(0)


async def never(_: object = None) -> None:
    await asyncio.sleep(60)


def talk(scenario: Callable[[Channel, asyncio.Queue[Request | None]], Awaitable[None]]) -> None:
    """Run a scenario; asyncio must have nothing to complain of afterwards."""
    complaints: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
        queue: asyncio.Queue[Request | None] = asyncio.Queue()
        channel = Channel(queue.get, discard, 1)
        try:
            await asyncio.wait_for(scenario(channel, queue), 10)
        finally:
            channel.close()
            await asyncio.sleep(0.01)
            gc.collect()

    asyncio.run(run())
    assert not complaints


def test_what_comes_next_is_a_request_the_end_or_a_failure() -> None:
    async def scenario(channel: Channel, queue: asyncio.Queue[Request | None]) -> None:
        queue.put_nowait(Request())
        queue.put_nowait(None)
        assert await channel.next() == Request()
        assert await channel.next() is None
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, channel.fail, RuntimeError("worked badly"))
        loop.call_later(0.02, channel.fail, RuntimeError("and again"))
        with pytest.raises(RuntimeError, match="worked badly"):
            await channel.next()

    talk(scenario)


def test_work_that_fails_ends_the_waiting_and_is_no_news_afterwards() -> None:
    async def fail() -> None:
        raise RuntimeError("worked badly")

    async def scenario(channel: Channel, queue: asyncio.Queue[Request | None]) -> None:
        channel.spawn(fail())
        with pytest.raises(RuntimeError, match="worked badly"):
            await channel.next()
        channel.close()
        channel.spawn(fail())

    talk(scenario)


def test_a_duty_is_for_a_phase_however_much_is_said_in_it() -> None:
    async def scenario(channel: Channel, queue: asyncio.Queue[Request | None]) -> None:
        async def chatter() -> None:
            while True:
                queue.put_nowait(Request())
                await asyncio.sleep(0.005)

        channel.spawn(chatter())
        with channel.limit(5, "hurry"):
            await channel.next()
        late = pytest.raises(ServiceError, match=r"did not hurry within 0\.05 s")
        with late as caught, channel.limit(0.05, "hurry"):
            while True:
                await channel.next()
        assert caught.value.reason is Reason.IDLE

    talk(scenario)


def test_what_is_no_longer_owed_is_not_missed() -> None:
    async def scenario(channel: Channel, queue: asyncio.Queue[Request | None]) -> None:
        channel.expect(0.01, lambda: False, "send a tile")
        channel.expect(0.1, lambda: True, "send another")
        asyncio.get_running_loop().call_later(0.05, queue.put_nowait, None)
        assert await channel.next() is None
        with pytest.raises(ServiceError, match="send another"):
            await channel.next()

    talk(scenario)


def test_a_client_that_does_not_read_is_given_up() -> None:
    async def run() -> None:
        channel = Channel(never, never, 0.05)  # type: ignore[arg-type]
        with pytest.raises(ServiceError, match="reads nothing") as caught:
            await channel.say(Response())
        assert caught.value.reason is Reason.IDLE
        channel.close()

    asyncio.run(run())


def test_responses_are_sent_one_at_a_time_whoever_is_cancelled() -> None:
    async def run() -> None:
        sending, sent = 0, 0

        async def send(_: Response) -> None:
            nonlocal sending, sent
            sending += 1
            assert sending == 1
            await asyncio.sleep(0.001)
            sending -= 1
            sent += 1

        channel = Channel(never, send, 1)  # type: ignore[arg-type]
        talks = [asyncio.ensure_future(channel.say(Response())) for _ in range(5)]
        await asyncio.sleep(0)
        talks[0].cancel()
        await asyncio.wait(talks)
        assert sent == 5
        channel.close()

    asyncio.run(run())


def test_closing_drops_the_work_and_settling_waits_for_it() -> None:
    async def scenario(channel: Channel, queue: asyncio.Queue[Request | None]) -> None:
        short = channel.spawn(asyncio.sleep(0.01))
        await channel.settle()
        assert short.done()
        long = channel.spawn(never())
        await asyncio.sleep(0)
        channel.close()
        await asyncio.wait({long}, timeout=5)
        assert long.cancelled()

    talk(scenario)
