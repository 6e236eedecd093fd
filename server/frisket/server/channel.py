"""One stream: its requests, its responses, and the work that runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.wire import Request, Response

Received = TypeVar("Received")


class Idle(Exception):
    """Nothing came in time."""


async def next_request(
    receive: Callable[[], Awaitable[Received]],
    failed: asyncio.Future[None],
    limit_s: float | None,
) -> Received:
    """Return what is received.

    Args:
        receive: waits for the next request.
        failed: set to an exception when work beside the conversation has failed.
        limit_s: how long to wait; None waits for ever.

    Raises:
        Idle: the time is up.
        Exception: the one that `failed` was set to.
    """
    receiving: asyncio.Future[Received] = asyncio.ensure_future(receive())
    both: set[asyncio.Future[Any]] = {receiving, failed}
    try:
        await asyncio.wait(both, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if receiving.done():
            return receiving.result()
        if failed.done():
            failed.result()
        raise Idle
    finally:
        receiving.cancel()


class Channel:
    """A conversation with one client, without a word of its content.

    Args:
        receive: returns the next request; None at the client's half-close.
        send: sends one response.
        idle_s: how long a client may owe something.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Request | None]],
        send: Callable[[Response], Awaitable[None]],
        idle_s: float,
    ) -> None:
        self._receive, self._send, self._idle_s = receive, send, idle_s
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def next(self, owed: bool) -> Request | None:
        """Return the next request, or None at the client's half-close.

        Args:
            owed: the client owes something, and is given up when it takes too long.

        Raises:
            ServiceError: IDLE.
            Exception: what work beside the conversation has failed with.
        """
        try:
            return await next_request(self._receive, self._failed, self._idle_s if owed else None)
        except Idle:
            raise ServiceError(
                Reason.IDLE,
                f"The client sent nothing it was asked for within {self._idle_s:.0f} s.",
            ) from None

    async def say(self, message: Response) -> None:
        """Send a response; one at a time, as grpc.aio wants it."""
        async with self._sending:
            await self._send(message)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run work beside the conversation; its failure ends the stream."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Let work that failed end the stream; the client would wait for it forever."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    def close(self) -> None:
        """Drop the work that still runs."""
        for task in self._tasks:
            task.cancel()
        if self._failed.done():
            self._failed.exception()  # looked at, whoever raised it
