"""What the calls of one server share: models, threads and limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from frisket.matting import RefinerSpec, Runners, check_classes
from frisket.matting.engine import Quality
from frisket.models import Model
from frisket.protocol.reasons import Reason
from frisket.server.admission import Seat
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError
from frisket.server.limits import Limits
from frisket.server.pool import Loaded, ModelPool

Result = TypeVar("Result")

_SMALL_BYTES = 16 << 10
"""A message that is read within a millisecond."""


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
        budget: the memory that all may take together.
        pictures: the gate of `MatteImage`.
    """

    pool: ModelPool
    executor: Executor
    limits: Limits
    budget: Budget = field(default_factory=lambda: Budget(0))
    pictures: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pictures", asyncio.Semaphore(self.limits.pictures))

    async def compute(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, computed beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    async def compute_if_large(self, work: Callable[[], Result], size: int) -> Result:
        """Return what `work` returns, computed here where that takes no time.

        Args:
            work: reads a message.
            size: bytes of the message.
        """
        return work() if size <= _SMALL_BYTES else await self.compute(work)

    async def spend(
        self, seat: Seat, leases: contextlib.ExitStack, purpose: str, size: int
    ) -> None:
        """Take memory of the budget; who rests in a place gives it up for that.

        Args:
            seat: of who wants it.
            leases: gives it back when it is closed.
            purpose: what it is for.
            size: bytes.

        Raises:
            ServiceError: TOO_LARGE or BUSY.
        """
        while True:
            try:
                self.budget.take(purpose, size)
            except ServiceError as error:
                if error.reason is not Reason.BUSY or not await seat.admission.make_room():
                    raise
            else:
                leases.callback(self.budget.give, purpose, size)
                return

    @contextlib.asynccontextmanager
    async def borrow(
        self, name: str, classes: Sequence[str], quality: Quality
    ) -> AsyncIterator[BorrowedModels]:
        """Hold the models that a matting needs.

        Args:
            name: of the model; empty for the default.
            classes: that it is to know.
            quality: `best` needs a refiner too.

        Raises:
            ServiceError: UNKNOWN_MODEL, DEVICE_UNAVAILABLE or MODEL_UNUSABLE.
            UnknownClass: the model has not the classes that are wanted.
        """
        loaded = await self.pool.acquire(name)
        refiner: Loaded | None = None
        try:
            check_classes(classes, loaded.model.info)
            if quality is Quality.BEST:
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
