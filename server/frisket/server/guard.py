"""Who may call what: calls without a token for them are refused before a service sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from frisket.protocol.methods import (
    GET_CAPABILITIES,
    LOAD_MODEL,
    MATTE,
    MATTE_IMAGE,
    MATTE_SEQUENCE,
    PROVE,
    UNLOAD_MODEL,
)
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError, trailers
from frisket.server.telemetry.meter import Meter
from frisket.server.tokens import TokenList

OPEN = ("/grpc.health.v1.Health/", PROVE)
"""What anybody may call: a balancer, and a client that has not sent its token yet."""
_ANY = ""
_SCOPES = {
    MATTE: "matte",
    MATTE_IMAGE: "matte",
    MATTE_SEQUENCE: "matte",
    GET_CAPABILITIES: _ANY,
    "/frisket.v1.ModelService/ListModels": _ANY,
    LOAD_MODEL: "models",
    UNLOAD_MODEL: "models",
}
"""The scope that each call needs, or any token; all others need `admin`."""
_PREFIX = b"Bearer "


class TokenGuard(grpc.aio.ServerInterceptor):
    """Lets in calls with a bearer token for them; those in `OPEN` need none.

    Args:
        tokens: that are known.
        meter: hears of refusals.
    """

    def __init__(self, tokens: TokenList, meter: Meter) -> None:
        self._tokens, self._meter = tokens, meter

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        details: grpc.HandlerCallDetails,
    ) -> Any:
        """Refuse a call as the kind of call it is."""
        handler = await continuation(details)
        if details.method.startswith(OPEN):
            return handler
        refusal = self._judge(details)
        if refusal is None:
            return handler
        self._meter.refuse(refusal.reason)
        return _refuse(handler, refusal)

    def _judge(self, details: grpc.HandlerCallDetails) -> ServiceError | None:
        given = dict(details.invocation_metadata).get("authorization", "")
        value = given if isinstance(given, bytes) else str(given).encode()
        grant = self._tokens.find(value[len(_PREFIX) :]) if value.startswith(_PREFIX) else None
        if grant is None:
            return ServiceError(
                Reason.BAD_TOKEN, "The server refused the token: give one that it knows."
            )
        scope = _SCOPES.get(details.method, "admin")
        if scope == _ANY or scope in grant.scopes or "admin" in grant.scopes:
            return None
        return ServiceError(
            Reason.OUT_OF_SCOPE,
            f"The token is not for this call: give one with the scope '{scope}'.",
        )


def _refuse(handler: Any, error: ServiceError) -> Any:
    async def refuse(_: object, context: Any) -> None:
        await context.abort(error.code, error.message, trailers(error))

    if handler is not None and handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse)
    return grpc.unary_unary_rpc_method_handler(refuse)
