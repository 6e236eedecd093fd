"""The gRPC services: they convert, guard and translate errors, and decide nothing else."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeAlias, TypeVar

import grpc

from frisket.about import VERSION
from frisket.protocol import limits
from frisket.protocol.reasons import Reason
from frisket.server import report
from frisket.server.admission import Admission
from frisket.server.errors import ServiceError, to_service_error, trailers
from frisket.server.requests import list_planes, read_options
from frisket.server.resources import Resources
from frisket.server.session import serve_layer
from frisket.server.unary import matte_encoded
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc, models_pb2_grpc
from frisket.v1 import models_pb2 as models_pb

Result = TypeVar("Result")
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


async def guard(context: Context, work: Awaitable[Result]) -> Result:
    """Await a call's work and end the call with a status when it fails."""
    try:
        return await work
    except Exception as error:
        refusal = to_service_error(error)
        await context.abort(refusal.code, refusal.message, trailers(refusal))


class MattingService(matting_pb2_grpc.MattingServiceServicer):
    """`frisket.v1.MattingService`."""

    def __init__(self, resources: Resources, admission: Admission) -> None:
        self._resources = resources
        self._admission = admission

    async def Matte(  # type: ignore[override]  # noqa: N802
        self, request_iterator: object, context: Context
    ) -> None:
        """Serve one layer, by reading from and writing to the context."""
        await guard(context, self._matte(context))

    async def _matte(self, context: Context) -> None:
        async def receive() -> pb.MatteRequest | None:
            request: Any = await context.read()
            return None if request is grpc.aio.EOF else request

        async with self._admission.slot():
            await serve_layer(self._resources, receive, context.write)

    async def MatteImage(  # noqa: N802
        self, request: pb.MatteImageRequest, context: Context
    ) -> pb.MatteImageResponse:
        """Matte one small encoded picture."""
        return await guard(context, self._image(request))

    async def _image(self, request: pb.MatteImageRequest) -> pb.MatteImageResponse:
        async with self._admission.slot():
            wanted = request.options
            if list_planes(wanted.hints):
                raise ServiceError(
                    Reason.BAD_HINT, "MatteImage takes boxes, points and scribbles only."
                )
            matte = await matte_encoded(
                self._resources, request.image, wanted.model, read_options(wanted), request.cutout
            )
            return report.build_image(matte)

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
        """Bring a model into memory."""
        return await guard(context, self._load(request.name))

    async def _load(self, name: str) -> models_pb.LoadModelResponse:
        loaded = await self._resources.pool.load(name)
        message = report.build_model(loaded.model.info, loaded=True)
        return models_pb.LoadModelResponse(model=message, device=loaded.model.device)

    async def UnloadModel(  # noqa: N802
        self, request: models_pb.UnloadModelRequest, context: Context
    ) -> models_pb.UnloadModelResponse:
        """Drop a model from memory."""
        return await guard(context, self._unload(request.name))

    async def _unload(self, name: str) -> models_pb.UnloadModelResponse:
        info = self._resources.pool.info(name)
        self._resources.pool.unload(name)
        return models_pb.UnloadModelResponse(
            model=report.build_model(info, self._resources.pool.is_loaded(name))
        )


def _list_models(resources: Resources) -> list[pb.Model]:
    """Return every model as a message."""
    pool = resources.pool
    return [report.build_model(info, pool.is_loaded(info.name)) for info in pool.registry.list()]
