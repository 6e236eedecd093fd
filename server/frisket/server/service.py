"""The gRPC services: they convert, and decide nothing else; `calls` guards every call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import grpc

from frisket.about import VERSION
from frisket.protocol import limits
from frisket.protocol.heap import empty_the_heap
from frisket.server import report
from frisket.server.admission import Admission
from frisket.server.calls import Context
from frisket.server.layer import serve_layer
from frisket.server.requests import read_name
from frisket.server.resources import Resources
from frisket.server.sequence import serve_sequence
from frisket.server.telemetry.trace import current_id
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc, models_pb2_grpc, sequence_pb2_grpc
from frisket.v1 import models_pb2 as models_pb


async def _serve_stream(
    serve: Callable[..., Awaitable[None]],
    resources: Resources,
    admission: Admission,
    context: Context,
) -> None:
    """Serve a stream in a place of its own: what comes, None at its end, and where answers go."""

    async def receive() -> Any:
        request: Any = await context.read()
        return None if request is grpc.aio.EOF else request

    async with admission.slot() as seat:
        try:
            await serve(resources, seat, receive, context.write)
        finally:
            empty_the_heap()


class MattingService(matting_pb2_grpc.MattingServiceServicer):
    """`frisket.v1.MattingService`."""

    def __init__(self, resources: Resources, admission: Admission) -> None:
        self._resources = resources
        self._admission = admission

    async def Matte(  # type: ignore[override]  # noqa: N802
        self, request_iterator: object, context: Context
    ) -> None:
        """Serve one layer, by reading from and writing to the context."""
        await _serve_stream(serve_layer, self._resources, self._admission, context)

    async def MatteImage(  # noqa: N802
        self, request: pb.MatteImageRequest, context: Context
    ) -> pb.MatteImageResponse:
        """Matte one small encoded picture."""
        async with self._admission.slot() as seat:
            # Pillow, which it needs, takes memory and a slower start, and few ask for it.
            await asyncio.to_thread(import_module, "frisket.server.unary")
            from frisket.server.unary import matte_encoded

            matte = await matte_encoded(
                self._resources, seat, request.image, request.options, request.cutout
            )
            return report.build_image(matte, current_id())

    async def GetCapabilities(  # noqa: N802
        self, request: pb.GetCapabilitiesRequest, context: Context
    ) -> pb.GetCapabilitiesResponse:
        """Say what this server can do."""
        return pb.GetCapabilitiesResponse(
            protocol_version=limits.PROTOCOL_VERSION,
            server_version=VERSION,
            device=self._admission.device,
            models=_list_models(self._resources),
            qualities=[pb.QUALITY_DRAFT, pb.QUALITY_STANDARD, pb.QUALITY_HIGH, pb.QUALITY_BEST],
            packings=[pb.PACKING_RAW, pb.PACKING_ZLIB],
            max_proxy_side_px=limits.MAX_PROXY_SIDE_PX,
            max_tile_size_px=limits.MAX_TILE_PX,
            max_layer_pixels=limits.MAX_LAYER_PIXELS,
            sessions=self._admission.open,
            max_sessions=self._admission.limit,
            server_peak_bytes=self._resources.peak_bytes,
        )


class SequenceService(sequence_pb2_grpc.SequenceServiceServicer):
    """`frisket.v1.SequenceService`."""

    def __init__(self, resources: Resources, admission: Admission) -> None:
        self._resources = resources
        self._admission = admission

    async def Matte(  # type: ignore[override]  # noqa: N802
        self, request_iterator: object, context: Context
    ) -> None:
        """Serve one sequence, by reading from and writing to the context."""
        await _serve_stream(serve_sequence, self._resources, self._admission, context)


class ModelService(models_pb2_grpc.ModelServiceServicer):
    """`frisket.v1.ModelService`."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def ListModels(  # noqa: N802
        self, request: models_pb.ListModelsRequest, context: Context
    ) -> models_pb.ListModelsResponse:
        """List every model the server knows."""
        return models_pb.ListModelsResponse(models=_list_models(self._resources))

    async def LoadModel(  # noqa: N802
        self, request: models_pb.LoadModelRequest, context: Context
    ) -> models_pb.LoadModelResponse:
        """Bring a model into memory, and keep it there where that is wanted."""
        pool = self._resources.pool
        loaded = await pool.load(read_name(request.name), request.pin)
        info = loaded.model.info
        message = report.build_model(info, loaded=True, pinned=pool.is_pinned(info.name))
        return models_pb.LoadModelResponse(model=message, device=loaded.model.device)

    async def UnloadModel(  # noqa: N802
        self, request: models_pb.UnloadModelRequest, context: Context
    ) -> models_pb.UnloadModelResponse:
        """Drop a model from memory."""
        pool = self._resources.pool
        info = pool.info(read_name(request.name))
        pool.unload(info.name)
        return models_pb.UnloadModelResponse(
            model=report.build_model(info, pool.is_loaded(info.name), pool.is_pinned(info.name))
        )


def _list_models(resources: Resources) -> list[pb.Model]:
    """Return every model as a message."""
    pool = resources.pool
    return [
        report.build_model(info, pool.is_loaded(info.name), pool.is_pinned(info.name))
        for info in pool.registry.list()
    ]
