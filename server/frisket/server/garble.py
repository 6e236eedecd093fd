"""Requests that are no messages: refused as any bad request is, not as a fault of the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError, trailers

_GARBLE = object()


class MessageGuard(grpc.aio.ServerInterceptor):
    """Answers a garbled unary request with BAD_MESSAGE; streams meet theirs where they read."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Let a call's handler see nothing but messages."""
        handler = await continuation(details)
        if handler is None or handler.request_streaming or handler.response_streaming:
            return handler
        answer, parse = handler.unary_unary, handler.request_deserializer

        def read(data: bytes) -> Any:
            # gRPC would log what is raised here as an error of ours.
            try:
                return parse(data) if parse else data
            except DecodeError:
                return _GARBLE

        async def serve(request: Any, context: Any) -> Any:
            if request is _GARBLE:
                error = ServiceError(Reason.BAD_MESSAGE, "The request is no message of this call.")
                await context.abort(error.code, error.message, trailers(error))
            return await answer(request, context)

        return grpc.unary_unary_rpc_method_handler(serve, read, handler.response_serializer)
