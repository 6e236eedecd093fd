"""What is the same for every call: it is counted, read, and ended with a status when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import grpc
from google.protobuf.message import DecodeError

from frisket.server.admission import Admission
from frisket.server.channel import Unread
from frisket.server.door import Door
from frisket.server.errors import to_service_error, trailers
from frisket.server.telemetry.calls import find_method, observe, refuse
from frisket.server.telemetry.meter import Meter, Method
from frisket.server.telemetry.trace import current_id

Result = TypeVar("Result")
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]

COUNTED = (
    "/frisket.v1.MattingService/",
    "/frisket.v1.ModelService/",
    "/frisket.v1.SequenceService/",
)
"""Calls that need the token and count towards its limits."""


async def guard(meter: Meter, context: Context, work: Awaitable[Result]) -> Result:
    """Await a call's work and end the call with a status when it fails."""
    try:
        return await work
    except Unread as error:
        refuse(meter, error)
        # gRPC still tries to write: another word would be one operation too many.
        raise asyncio.CancelledError from None
    except grpc.aio.InternalError:
        # What was to be read or written could not be: the caller has left, and gRPC is about to
        # cancel this call for it.
        raise asyncio.CancelledError from None
    except Exception as error:
        refusal = to_service_error(error)
        refuse(meter, refusal)
        await context.abort(refusal.code, refusal.message, trailers(refusal, current_id()))


class CallGuard(grpc.aio.ServerInterceptor):
    """Counts calls by their token, and reads their messages where a bad one has a status.

    Args:
        admission: counts.
        door: is told of connections by which such calls come.
        by_token: tokens are checked; otherwise all callers are one.
        meter: hears what happens.
    """

    def __init__(self, admission: Admission, door: Door, by_token: bool, meter: Meter) -> None:
        self._admission, self._door = admission, door
        self._by_token, self._meter = by_token, meter

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the call's handler, with what every call has around it."""
        handler = await continuation(details)
        counted = details.method.startswith(COUNTED)
        caller = _read_caller(details) if self._by_token else ""
        if handler is None or handler.response_streaming != handler.request_streaming:
            return handler
        method = find_method(details.method)
        if not handler.request_streaming:
            return self._guard_unary(handler, caller if counted else None, method)
        return self._guard_stream(handler, caller, method) if counted else handler

    async def _observe(
        self, method: Method | None, context: Context, work: Awaitable[Result]
    ) -> Result:
        seen = observe(self._meter, method) if method else contextlib.nullcontext()
        with seen:
            return await guard(self._meter, context, work)

    def _guard_unary(self, handler: Any, caller: str | None, method: Method | None) -> Any:
        async def run(message: bytes, context: Context) -> Any:
            return await handler.unary_unary(handler.request_deserializer(message), context)

        async def call(message: bytes, context: Context) -> Any:
            return await self._observe(method, context, self._count(caller, run, message, context))

        return grpc.unary_unary_rpc_method_handler(
            call, response_serializer=handler.response_serializer
        )

    def _guard_stream(self, handler: Any, caller: str, method: Method | None) -> Any:
        async def call(requests: Any, context: Context) -> None:
            work = self._count(caller, handler.stream_stream, requests, context)
            await self._observe(method, context, work)

        return grpc.stream_stream_rpc_method_handler(
            call, handler.request_deserializer, handler.response_serializer
        )

    async def _count(
        self, caller: str | None, run: Behaviour, requests: Any, context: Context
    ) -> Any:
        if caller is None:
            return await run(requests, context)
        self._door.welcome(context.peer())
        with self._admission.call(caller):
            return await run(requests, context)


def _read_caller(details: grpc.HandlerCallDetails) -> str:
    return str(dict(details.invocation_metadata).get("authorization", ""))


class _Unreadable(logging.Filter):
    """Drops what gRPC logs of messages that cannot be read: a client's fault is no news."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be logged."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, DecodeError)


def hush_unreadable() -> None:
    """Keep gRPC's tracebacks about unreadable messages out of the log."""
    logging.getLogger("grpc._cython.cygrpc").addFilter(_Unreadable())
