"""What the calls of one server share: models, threads and limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from frisket.matting import MattingOptions, RefinerSpec, Runners, check_classes
from frisket.matting.engine import Quality
from frisket.models import Model
from frisket.server.config import Limits
from frisket.server.pool import Loaded, ModelPool

Result = TypeVar("Result")


@dataclass(frozen=True)
class BorrowedModels:
    """The models of one call, for as long as it lasts.

    Attributes:
        model: finds the coarse alpha.
        refiner: of `best`: its name and size; None when there is none.
        runners: who runs what.
    """

    model: Model
    refiner: RefinerSpec | None
    runners: Runners


@dataclass(frozen=True)
class Resources:
    """What sessions share.

    Attributes:
        pool: the models.
        executor: threads for solving and refining.
        limits: what one session may hold.
    """

    pool: ModelPool
    executor: Executor
    limits: Limits

    async def compute(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, computed beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    @contextlib.asynccontextmanager
    async def borrow(self, name: str, options: MattingOptions) -> AsyncIterator[BorrowedModels]:
        """Hold the models that a matting needs.

        Args:
            name: of the model; empty for the default.
            options: what is wanted of it; `best` needs a refiner too.

        Raises:
            ServiceError: UNKNOWN_MODEL, DEVICE_UNAVAILABLE or MODEL_UNUSABLE.
            UnknownClass: the model has not the classes that are wanted.
        """
        loaded = await self.pool.acquire(name)
        refiner: Loaded | None = None
        try:
            check_classes(options.classes, loaded.model.info)
            if options.quality is Quality.BEST:
                refiner = await self.pool.acquire_refiner()
            yield self._lend(loaded, refiner)
        finally:
            self.pool.release(loaded)
            self.pool.release(refiner)

    def _lend(self, loaded: Loaded, refiner: Loaded | None) -> BorrowedModels:
        ask = loaded.batcher.submit
        if refiner is None or refiner.patches is None:
            return BorrowedModels(loaded.model, None, Runners(ask, compute=self.compute))
        spec = RefinerSpec(refiner.model.info.name, refiner.side)
        runners = Runners(ask, refiner.patches.submit, self.compute)
        return BorrowedModels(loaded.model, spec, runners)
