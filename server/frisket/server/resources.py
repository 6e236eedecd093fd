"""What the calls of one server share: models, threads and limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from frisket.matting import Matting, RefinerSpec, Runners, check_classes, predict
from frisket.matting.engine import Quality
from frisket.models import Coarse, Model
from frisket.protocol.memory import peak_bytes
from frisket.protocol.reasons import Reason
from frisket.server.admission import Seat
from frisket.server.budget import Budget
from frisket.server.coarse_cache import CoarseCache
from frisket.server.errors import ServiceError
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.loaded import Loaded
from frisket.server.pool import ModelPool
from frisket.server.scheduler import Scheduler, Share
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import measure
from frisket.server.turns import Priority

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
        share: of the threads.
        cache: of coarse alphas.
        identity: of the model.
    """

    model: Model
    refiner: RefinerSpec | None
    runners: Runners
    share: Share
    cache: CoarseCache
    identity: str

    async def predict(self, matting: Matting) -> Coarse:
        """Return a layer's coarse alpha: one that is kept, or the model's answer.

        Raises:
            ModelError, BadInput: as `frisket.matting.predict`.
        """
        ask = partial(predict, matting, self.runners)
        return await self.cache.find(matting, self.identity, self.share, ask)

    def hurry(self) -> contextlib.AbstractContextManager[None]:
        """Hold long work of others back in the block, where the model wants the same cores."""
        return self.share.hurry() if self.model.device == "cpu" else contextlib.nullcontext()


@dataclass(frozen=True)
class Resources:
    """What sessions share.

    Attributes:
        pool: the models.
        scheduler: threads for everything else.
        limits: what one session may hold.
        budget: the memory that all may take together.
        cache: of coarse alphas.
        pictures: the gate of `MatteImage`.
    """

    pool: ModelPool
    scheduler: Scheduler
    limits: Limits
    budget: Budget = field(default_factory=lambda: Budget(0))
    cache: CoarseCache = field(default_factory=lambda: CoarseCache(0))
    pictures: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pictures", asyncio.Semaphore(self.limits.pictures))

    async def compute(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, computed for nobody in particular: it reads a message."""
        return await self.scheduler.masks.run(Claim(priority=Priority.FIRST_MASK), work)

    @property
    def peak_bytes(self) -> int:
        """The most memory that this server has taken, its models' processes included."""
        return peak_bytes() + self.pool.child_peak_bytes

    async def compute_if_large(self, work: Callable[[], Result], size: int) -> Result:
        """Return what `work` returns, computed here where that takes no time.

        Args:
            work: reads a message.
            size: bytes of the message.
        """
        if size <= _SMALL_BYTES:
            return work()
        return await self.compute(work)

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
    async def take_turn(self) -> AsyncIterator[None]:
        """Work on a picture of `MatteImage` in the block, when it is its turn."""
        with measure(Stage.LOAD):
            await self.pictures.acquire()
        try:
            yield
        finally:
            self.pictures.release()

    @contextlib.asynccontextmanager
    async def borrow(
        self, name: str, classes: Sequence[str], quality: Quality, share: Share
    ) -> AsyncIterator[BorrowedModels]:
        """Hold the models that a matting needs.

        Args:
            name: of the model; empty for the default.
            classes: that it is to know.
            quality: `best` needs a refiner too.
            share: of the session that asks.

        Raises:
            ServiceError: UNKNOWN_MODEL, DEVICE_UNAVAILABLE or MODEL_UNUSABLE.
            UnknownClass: the model has not the classes that are wanted.
        """
        with measure(Stage.LOAD):
            loaded = await self.pool.acquire(name)
        refiner: Loaded | None = None
        try:
            check_classes(classes, loaded.model.info)
            if quality is Quality.BEST:
                with measure(Stage.LOAD):
                    refiner = await self.pool.acquire_refiner()
            yield _lend(loaded, refiner, share, self.cache)
        finally:
            self.pool.release(loaded)
            self.pool.release(refiner)


def _lend(
    loaded: Loaded, refiner: Loaded | None, share: Share, cache: CoarseCache
) -> BorrowedModels:
    ask = partial(loaded.batcher.submit, share.mask_claim)
    runners = Runners(ask, compute=share.show, solve=share.solve)
    if refiner is None or refiner.patches is None:
        return BorrowedModels(loaded.model, None, runners, share, cache, loaded.identity)
    spec = RefinerSpec(refiner.model.info.name, refiner.side)
    patches = share.claim(Priority.TILE, refiner.side**2 / 1e6)
    runners = replace(runners, refine_patch=partial(refiner.patches.submit, patches))
    return BorrowedModels(loaded.model, spec, runners, share, cache, loaded.identity)
