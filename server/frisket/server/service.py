"""The gRPC services: they convert, guard and translate errors, and decide nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeAlias, TypeVar

import grpc

from frisket.matting.engine import EngineError
from frisket.models import ModelError, ModelInfo
from frisket.protocol import limits
from frisket.protocol.memory import peak_bytes
from frisket.server import report
from frisket.server.errors import ServiceError, invalid, trailers
from frisket.server.session import Engine, Session
from frisket.server.unary import matte_image
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc, models_pb2_grpc
from frisket.v1 import models_pb2 as models_pb

log = logging.getLogger(__name__)
Result = TypeVar("Result")


Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Desk:
    """Counts what is open, and refuses when draining or full.

    Attributes:
        draining: no new work is taken.
        last_call: when the last call ended or began, by the monotonic clock.
    """

    def __init__(self, limit: int, device: str) -> None:
        self.limit = limit
        self.device = device
        self.open = 0
        self.draining = False
        self.last_call = time.monotonic()

    @contextlib.asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """Hold a place while a call works.

        Raises:
            ServiceError: DRAINING or BUSY.
        """
        if self.draining:
            raise ServiceError(
                grpc.StatusCode.UNAVAILABLE, "DRAINING", "This server is shutting down."
            )
        if self.open >= self.limit:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "BUSY",
                f"All {self.limit} places of this server are taken: try again shortly.",
                retry_s=1.0,
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
            self.last_call = time.monotonic()


async def guarded(context: Context, work: Awaitable[Result]) -> Result:
    """Await a call's work and end the call with a status when it fails."""
    try:
        return await work
    except ServiceError as error:
        await context.abort(error.code, error.message, trailers(error))
    except asyncio.CancelledError:
        raise
    except EngineError as error:
        bad = invalid("BAD_HINT", str(error))
        await context.abort(bad.code, bad.message, trailers(bad))
    except ModelError as error:
        failed = ServiceError(grpc.StatusCode.INTERNAL, "MODEL_FAILED", str(error))
        await context.abort(failed.code, failed.message, trailers(failed))
    except MemoryError:
        full = ServiceError(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_LARGE", "The server ran out of memory."
        )
        await context.abort(full.code, full.message, trailers(full))
    except Exception:
        log.exception("unexpected failure")
        odd = ServiceError(
            grpc.StatusCode.INTERNAL,
            "UNEXPECTED",
            "The server failed unexpectedly; its log says more.",
        )
        await context.abort(odd.code, odd.message, trailers(odd))


class MattingService(matting_pb2_grpc.MattingServiceServicer):
    """`frisket.v1.MattingService`."""

    def __init__(self, shared: Engine, desk: Desk) -> None:
        self._shared = shared
        self._desk = desk

    async def Matte(  # type: ignore[override]  # noqa: N802
        self, request_iterator: object, context: Context
    ) -> None:
        """Serve one layer, by reading from and writing to the context."""
        await guarded(context, self._matte(context))

    async def _matte(self, context: Context) -> None:
        async def receive() -> pb.MatteRequest | None:
            request: Any = await context.read()
            return None if request is grpc.aio.EOF else request

        async with self._desk.seat():
            await Session(self._shared, receive, context.write).run()

    async def MatteImage(  # noqa: N802
        self, request: pb.MatteImageRequest, context: Context
    ) -> pb.MatteImageResponse:
        """Matte one small encoded picture."""
        return await guarded(context, self._image(request))

    async def _image(self, request: pb.MatteImageRequest) -> pb.MatteImageResponse:
        async with self._desk.seat():
            return await matte_image(self._shared, request)

    async def GetCapabilities(  # noqa: N802
        self, request: pb.GetCapabilitiesRequest, context: Context
    ) -> pb.GetCapabilitiesResponse:
        """Say what this server can do."""
        return pb.GetCapabilitiesResponse(
            protocol_version=limits.PROTOCOL_VERSION,
            server_version=report.server_version(),
            device=self._desk.device,
            models=model_messages(self._shared),
            qualities=[pb.QUALITY_DRAFT, pb.QUALITY_STANDARD, pb.QUALITY_HIGH, pb.QUALITY_BEST],
            packings=[pb.PACKING_RAW, pb.PACKING_ZLIB],
            max_proxy_side_px=limits.MAX_PROXY_SIDE_PX,
            max_tile_size_px=limits.MAX_TILE_PX,
            max_layer_pixels=limits.MAX_LAYER_PIXELS,
            sessions=self._desk.open,
            max_sessions=self._desk.limit,
            server_peak_bytes=peak_bytes(),
        )


class ModelService(models_pb2_grpc.ModelServiceServicer):
    """`frisket.v1.ModelService`."""

    def __init__(self, shared: Engine) -> None:
        self._shared = shared

    async def ListModels(  # noqa: N802
        self, request: models_pb.ListModelsRequest, context: Context
    ) -> models_pb.ListModelsResponse:
        """List every model the server knows."""
        return models_pb.ListModelsResponse(models=model_messages(self._shared))

    async def LoadModel(  # noqa: N802
        self, request: models_pb.LoadModelRequest, context: Context
    ) -> models_pb.LoadModelResponse:
        """Bring a model into memory."""
        return await guarded(context, self._load(request.name))

    async def _load(self, name: str) -> models_pb.LoadModelResponse:
        loaded = await self._shared.pool.load(name)
        message = _model_message(loaded.model.info, loaded=True)
        return models_pb.LoadModelResponse(model=message, device=loaded.model.device)

    async def UnloadModel(  # noqa: N802
        self, request: models_pb.UnloadModelRequest, context: Context
    ) -> models_pb.UnloadModelResponse:
        """Drop a model from memory."""
        return await guarded(context, self._unload(request.name))

    async def _unload(self, name: str) -> models_pb.UnloadModelResponse:
        info = self._shared.pool.info(name)
        self._shared.pool.unload(name)
        return models_pb.UnloadModelResponse(model=_model_message(info, loaded=False))


def model_messages(shared: Engine) -> list[pb.Model]:
    """Return every model as a message."""
    pool = shared.pool
    return [_model_message(info, pool.is_loaded(info.name)) for info in pool.registry.list()]


def _model_message(info: ModelInfo, loaded: bool) -> pb.Model:
    return pb.Model(
        name=info.name,
        family=info.family,
        description=info.description,
        licence=info.licence,
        commercial=info.commercial,
        present=info.present,
        loaded=loaded,
        is_default=info.default and info.role == "matte",
        size_bytes=info.size_bytes,
        classes=info.cuttable,
        prompts=info.prompts,
        refiner=info.role == "refiner",
    )
