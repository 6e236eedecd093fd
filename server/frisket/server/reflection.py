"""gRPC's reflection, loaded when somebody asks: few do, and it takes memory and a slower start."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from frisket.server.calls import Context, guard
from frisket.server.telemetry.meter import Meter

SERVICE_NAME = "grpc.reflection.v1alpha.ServerReflection"
_METHOD = f"/{SERVICE_NAME}/ServerReflectionInfo"


class Reflection(grpc.GenericRpcHandler):
    """Tells what services there are.

    Args:
        names: of the services, full.
        meter: hears of what fails.
    """

    def __init__(self, names: Sequence[str], meter: Meter) -> None:
        self._names, self._meter = names, meter

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of a call; None where it is for somebody else."""
        return (
            grpc.stream_stream_rpc_method_handler(self._answer)
            if details.method == _METHOD
            else None
        )

    async def _answer(self, requests: AsyncIterator[bytes], context: Context) -> None:
        await guard(self._meter, context, self._tell(requests, context))

    async def _tell(self, requests: AsyncIterator[bytes], context: Context) -> None:
        name = "grpc_reflection.v1alpha.reflection"
        module = await asyncio.to_thread(importlib.import_module, name)
        messages = importlib.import_module(f"{name}_pb2")
        read = messages.ServerReflectionRequest.FromString
        asked = (read(request) async for request in requests)
        answers = module.aio.ReflectionServicer(self._names).ServerReflectionInfo(asked, context)
        async for answer in answers:
            await context.write(answer.SerializeToString())
