"""Who may call: calls without the right token are refused before a service sees them."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from frisket.protocol.methods import PROVE
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError, trailers

OPEN = ("/grpc.health.v1.Health/", PROVE)
"""What anybody may call: a balancer, and a client that has not sent its token yet."""


class TokenGuard(grpc.aio.ServerInterceptor):
    """Lets in calls with the right bearer token; those in `OPEN` need none."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Refuse a call without the token as the kind of call it is."""
        handler = await continuation(details)
        if details.method.startswith(OPEN) or self._allowed(details):
            return handler
        return _refusal(handler)

    def _allowed(self, details: grpc.HandlerCallDetails) -> bool:
        given = dict(details.invocation_metadata).get("authorization", "")
        value = given if isinstance(given, bytes) else str(given).encode()
        return hmac.compare_digest(value, self._expected)


def _refusal(handler: Any) -> Any:
    error = ServiceError(
        Reason.BAD_TOKEN,
        "The server refused the token: give the one it was started with.",
    )

    async def refuse(_: object, context: Any) -> None:
        await context.abort(error.code, error.message, trailers(error))

    if handler is not None and handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse)
    return grpc.unary_unary_rpc_method_handler(refuse)
