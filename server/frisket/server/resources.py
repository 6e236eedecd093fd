"""What the calls of one server share: models, threads and limits."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial

from frisket.matting import MattingOptions, RefinerSpec, Runners, check_classes
from frisket.matting.engine import Quality
from frisket.models import Model
from frisket.protocol.memory import peak_bytes
from frisket.server.config import Limits
from frisket.server.pool import Loaded, ModelPool
from frisket.server.scheduler import Scheduler, Share
from frisket.server.turns import Priority


@dataclass(frozen=True)
class BorrowedModels:
    """The models of one call, for as long as it lasts.

    Attributes:
        model: finds the coarse alpha.
        refiner: of `best`: its name and size; None when there is none.
        runners: who runs what.
        share: of the threads.
    """

    model: Model
    refiner: RefinerSpec | None
    runners: Runners
    share: Share


@dataclass(frozen=True)
class Resources:
    """What sessions share.

    Attributes:
        pool: the models.
        scheduler: threads for everything else.
        limits: what one session may hold.
    """

    pool: ModelPool
    scheduler: Scheduler
    limits: Limits

    @property
    def peak_bytes(self) -> int:
        """The most memory that this server has taken, its models' processes included."""
        return peak_bytes() + self.pool.child_peak_bytes

    @contextlib.asynccontextmanager
    async def borrow(
        self, name: str, options: MattingOptions, share: Share
    ) -> AsyncIterator[BorrowedModels]:
        """Hold the models that a matting needs.

        Args:
            name: of the model; empty for the default.
            options: what is wanted of it; `best` needs a refiner too.
            share: of the session that asks.

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
            yield _lend(loaded, refiner, share)
        finally:
            self.pool.release(loaded)
            self.pool.release(refiner)


def _lend(loaded: Loaded, refiner: Loaded | None, share: Share) -> BorrowedModels:
    ask = partial(loaded.batcher.submit, share.mask_claim)
    runners = Runners(ask, compute=share.show, solve=share.solve)
    if refiner is None or refiner.patches is None:
        return BorrowedModels(loaded.model, None, runners, share)
    spec = RefinerSpec(refiner.model.info.name, refiner.side)
    patches = share.claim(Priority.TILE, refiner.side**2 / 1e6)
    runners = replace(runners, refine_patch=partial(refiner.patches.submit, patches))
    return BorrowedModels(loaded.model, spec, runners, share)
