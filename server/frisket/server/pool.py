"""The models in memory: opened when first asked for, few at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.matting import Patch, Picture
from frisket.models import (
    Coarse,
    Model,
    ModelError,
    ModelInfo,
    Refiner,
    Registry,
)
from frisket.protocol.reasons import Reason
from frisket.server.batcher import Batcher
from frisket.server.errors import ServiceError, to_service_error


@dataclass
class Loaded:
    """A model in memory and the sessions that use it; a refiner has `patches` to run."""

    model: Model
    batcher: Batcher[Picture, Coarse]
    patches: Batcher[Patch, npt.NDArray[np.uint16]] | None = None
    users: int = 0

    @property
    def side(self) -> int:
        """Of a refiner's squares, in pixels; 0 for other models."""
        return self.model.side if isinstance(self.model, Refiner) else 0


class ModelPool:
    """Opens models on one device and keeps the last used ones.

    Args:
        registry: where models are found.
        device: "auto", "cpu" or "cuda".
        threads: compute threads of a model.
        limit: models kept; those in use are never dropped.
        executor: where models are opened and run, one at a time.
    """

    def __init__(
        self, registry: Registry, device: str, threads: int, limit: int, executor: Executor
    ) -> None:
        self.registry = registry
        self._device = device
        self._threads = threads
        self._limit = limit
        self._executor = executor
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._lock = asyncio.Lock()

    async def acquire(self, name: str) -> Loaded:
        """Return a model, opened when needed; every acquire needs a `release`.

        Args:
            name: a model's name; empty for the default.

        Raises:
            ServiceError: UNKNOWN_MODEL, DEVICE_UNAVAILABLE or MODEL_UNUSABLE.
        """
        loaded = await self._acquire(name or self.registry.default())
        if loaded.side:
            self.release(loaded)
            raise ServiceError(
                Reason.MODEL_UNUSABLE,
                f"{name} refines the edge that another model found: choose it with "
                "--quality best, not as the model.",
            )
        return loaded

    async def load(self, name: str) -> Loaded:
        """Open a model of any role, so that who needs it next does not wait.

        Raises:
            ServiceError: as `acquire`.
        """
        loaded = await self._acquire(name or self.registry.default())
        self.release(loaded)
        return loaded

    async def acquire_refiner(self) -> Loaded | None:
        """Return the refiner that `best` uses, or None when there is none here.

        Raises:
            ServiceError: DEVICE_UNAVAILABLE or MODEL_UNUSABLE.
        """
        name = self.registry.refiner()
        return await self._acquire(name) if name else None

    async def _acquire(self, name: str) -> Loaded:
        async with self._lock:
            if name not in self._loaded:
                self._loaded[name] = await self._open(name)
                self._evict(keep=name)
            self._loaded.move_to_end(name)
            self._loaded[name].users += 1
            return self._loaded[name]

    def release(self, loaded: Loaded | None) -> None:
        """Give a model back."""
        if loaded is not None:
            loaded.users -= 1

    def is_loaded(self, name: str) -> bool:
        """Whether a model is in memory."""
        return name in self._loaded

    def unload(self, name: str) -> None:
        """Drop a model from memory; sessions that use it keep it until they end."""
        self._loaded.pop(name, None)

    def info(self, name: str) -> ModelInfo:
        """Return what is known of a model.

        Raises:
            ServiceError: UNKNOWN_MODEL.
        """
        try:
            return self.registry.info(name)
        except ModelError as error:
            raise to_service_error(error) from error

    async def _open(self, name: str) -> Loaded:
        loop = asyncio.get_running_loop()
        try:
            model = await loop.run_in_executor(
                self._executor, lambda: self.registry.open(name, self._device, self._threads)
            )
        except ModelError as error:
            raise to_service_error(error) from error

        def run(pictures: Sequence[Picture]) -> Sequence[Coarse]:
            return model.matte([p.rgb for p in pictures], [p.prompt for p in pictures])

        return Loaded(model, Batcher(run, self._executor), self._refining(model))

    def _refining(self, model: Model) -> Batcher[Patch, npt.NDArray[np.uint16]] | None:
        if not isinstance(model, Refiner):
            return None
        # One at a time: others' coarse alphas must not wait for a batch of large squares.
        return Batcher(
            lambda patches: [model.refine(p.rgb, p.trimap) for p in patches], self._executor, 1
        )

    def _evict(self, keep: str) -> None:
        for name in list(self._loaded):
            if len(self._loaded) <= self._limit:
                return
            if name != keep and not self._loaded[name].users:
                del self._loaded[name]
