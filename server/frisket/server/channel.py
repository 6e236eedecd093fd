"""One stream: its requests, its responses, and the work that runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import measure
from frisket.server.wire import Request, Response

Heard = TypeVar("Heard")
Said = TypeVar("Said")
Result = TypeVar("Result")


class Unread(ServiceError):
    """The client does not read, so that not even a status can be sent."""


class Channel(Generic[Heard, Said]):
    """A conversation with one client, without a word of its content.

    Whatever fails ends the waiting for the next request: work beside the conversation, a phase
    that takes too long, a client that does not read.

    Args:
        receive: returns the next request; None at the client's half-close.
        send: sends one response.
        write_s: how long a response may wait for a client that does not read.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Heard | None]],
        send: Callable[[Said], Awaitable[None]],
        write_s: float,
    ) -> None:
        self._receive, self._send, self._write_s = receive, send, write_s
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Future[Any]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._failed.add_done_callback(_look_at)
        self._receiving: asyncio.Future[Heard | None] | None = None

    async def next(self) -> Heard | None:
        """Return the next request, or None at the client's half-close.

        Raises:
            Exception: what has failed meanwhile.
        """
        self._raise_failure()
        self._receiving = asyncio.ensure_future(self._receive())
        try:
            return await self._receiving
        finally:
            self._raise_failure()

    async def say(self, message: Said) -> None:
        """Send a response; one at a time, as grpc.aio wants it.

        Who is cancelled meanwhile leaves, but what gRPC has begun to write is written.

        Raises:
            Unread: the client does not read.
        """
        with measure(Stage.WRITE):
            await asyncio.shield(self.spawn(self._write(message)))

    async def _write(self, message: Said) -> None:
        async with self._sending:
            with _end_after(self._write_s, Unread(Reason.IDLE, "The client reads nothing.")):
                await self._send(message)

    def fail(self, error: Exception) -> None:
        """End the conversation; only the first reason counts."""
        if not self._failed.done():
            self._failed.set_exception(error)
            if self._receiving is not None:
                self._receiving.cancel()

    def _raise_failure(self) -> None:
        """Raise what has ended the conversation, if anything has."""
        if self._failed.done():
            self._failed.result()

    @contextlib.contextmanager
    def limit(self, seconds: float, duty: str) -> Iterator[None]:
        """End the conversation when the block takes longer, however much is said in it.

        Args:
            seconds: that the client has.
            duty: what it owes, to follow "The client did not".
        """
        timer = self._call_later(seconds, lambda: True, duty)
        try:
            yield
        finally:
            self._forget(timer)

    def expect(self, seconds: float, owed: Callable[[], bool], duty: str) -> None:
        """End the conversation when something is owed still after a time; see `limit`."""
        self._call_later(seconds, owed, duty)

    def _call_later(
        self, seconds: float, owed: Callable[[], bool], duty: str
    ) -> asyncio.TimerHandle:
        def check() -> None:
            self._forget(timer)
            if owed():
                self.fail(_idle(f"{duty} within {seconds:g} s"))

        timer = asyncio.get_running_loop().call_later(seconds, check)
        self._timers.add(timer)
        return timer

    def _forget(self, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self._timers.discard(timer)

    def spawn(self, work: Awaitable[Result]) -> asyncio.Future[Result]:
        """Run work beside the conversation; its failure ends the stream."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Future[Any]) -> None:
        """Let work that failed end the stream; the client would wait for it forever."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.fail(error)

    async def settle(self) -> None:
        """Wait until no work runs beside the conversation.

        Raises:
            Exception: what has failed meanwhile.
        """
        while self._tasks and not self._failed.done():
            both = {*self._tasks, self._failed}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        self._raise_failure()

    def close(self) -> None:
        """Drop the work that still runs, and wait for nothing any more."""
        self._failed.cancel()
        for task in self._tasks:
            task.cancel()
        for timer in self._timers:
            timer.cancel()


@contextlib.contextmanager
def _end_after(seconds: float, error: Exception) -> Iterator[None]:
    """Cancel the task that is in the block after a time, and raise an error instead.

    `asyncio.wait_for` makes a task of its own each time, and every message would pay for it.
    """
    task, is_late = asyncio.current_task(), False
    assert task is not None

    def end() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    try:
        yield
    except asyncio.CancelledError:
        if is_late:
            raise error from None
        raise
    finally:
        timer.cancel()


LayerChannel = Channel[Request, Response]
"""About one layer."""


def _idle(duty: str) -> ServiceError:
    return ServiceError(Reason.IDLE, f"The client did not {duty}.")


def _look_at(future: asyncio.Future[Any]) -> None:
    """Keep asyncio from complaining of a failure that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
