"""A request, a failure of work beside it, or nothing in time: each ends the waiting."""

from __future__ import annotations

import asyncio

import pytest

from frisket.protocol.reasons import Reason
from frisket.server.channel import Channel, Idle, next_request
from frisket.server.errors import ServiceError
from frisket.server.wire import Request, Response


def test_what_comes_next_is_a_request_a_failure_or_nothing() -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        queue: asyncio.Queue[int] = asyncio.Queue()
        queue.put_nowait(7)
        assert await next_request(queue.get, failed, 1) == 7
        with pytest.raises(Idle):
            await next_request(queue.get, failed, 0.01)
        loop.call_later(0.01, failed.set_exception, RuntimeError("worked badly"))
        with pytest.raises(RuntimeError, match="worked badly"):
            await next_request(queue.get, failed, None)

    asyncio.run(wait())


async def discard(_: Response) -> None:
    await asyncio.sleep(0)


def test_who_owes_something_is_given_up_and_who_does_not_is_waited_for() -> None:
    async def wait() -> None:
        queue: asyncio.Queue[Request | None] = asyncio.Queue()
        channel = Channel(queue.get, discard, 0.02)
        with pytest.raises(ServiceError) as caught:
            await channel.next(owed=True)
        assert caught.value.reason is Reason.IDLE
        asyncio.get_running_loop().call_later(0.1, queue.put_nowait, None)
        assert await channel.next(owed=False) is None

    asyncio.run(wait())


def test_responses_are_sent_one_at_a_time() -> None:
    async def talk() -> None:
        sending = 0

        async def send(_: Response) -> None:
            nonlocal sending
            sending += 1
            assert sending == 1
            await asyncio.sleep(0.001)
            sending -= 1

        channel = Channel(asyncio.Queue().get, send, 1)
        await asyncio.gather(*(channel.say(Response()) for _ in range(5)))

    asyncio.run(talk())


def test_closing_drops_the_work_beside_the_conversation() -> None:
    async def talk() -> bool:
        dropped = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                dropped.set()
                raise

        channel = Channel(asyncio.Queue().get, discard, 1)
        channel.spawn(work())
        await asyncio.sleep(0)
        channel.close()
        return await asyncio.wait_for(dropped.wait(), 5)

    assert asyncio.run(talk())
