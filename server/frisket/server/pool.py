"""The models in memory: opened when first asked for, few at a time."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

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
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError, to_service_error
from frisket.server.limits import Limits
from frisket.server.openers import LocalOpener
from frisket.server.placement import Action, Close, Device, Grant, Open, Placement, Refuse
from frisket.server.runner import Opener, Runner
from frisket.server.telemetry.meter import Resident

log = logging.getLogger(__name__)

# An open model takes more than its weights' files. Measured with ONNX Runtime on a CPU:
# 1.05 times the file for convolutions, 1.3 for dense layers, 3 for dense layers in half
# precision, which it widens.
MEMORY_PER_FILE_BYTE = 2
# What a run takes for a picture, by the pixels of the model's input. Measured with U2-Net-p,
# whose activations are the largest of those known here: 2.6 KiB.
MEMORY_PER_INPUT_PIXEL = 2660


@dataclass(frozen=True)
class Loaded:
    """A model in memory, held by one user; a refiner has `patches` to run."""

    model: Model
    batcher: Batcher[Picture, Coarse]
    patches: Batcher[Patch, npt.NDArray[np.uint16]] | None = None
    ticket: int = -1

    @property
    def side(self) -> int:
        """Return the side of a refiner's squares, in pixels; 0 for other models."""
        return self.model.side if isinstance(self.model, Refiner) else 0


class ModelPool:
    """Opens models and keeps the last used ones: performs what `Placement` decides.

    Args:
        registry: where models are found.
        device: "auto", "cpu" or "cuda".
        threads: compute threads of a model.
        limits: how many models and how many bytes of them are kept, those in use never leave;
            and how long a run and an opening may take.
        opener: where models live; None: in this process.
    """

    def __init__(
        self,
        registry: Registry,
        device: str,
        threads: int,
        limits: Limits,
        opener: Opener | None = None,
    ) -> None:
        self.registry = registry
        self._threads = threads
        self._limits = limits
        self._placement = Placement([Device(device, limits.model_bytes)], limits.models)
        self._runners = {device: Runner(device, opener or LocalOpener(registry), limits)}
        self._loaded: dict[int, Loaded] = {}
        self._tickets = itertools.count()
        self._waiting: dict[int, asyncio.Future[Loaded]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._budget: Budget | None = None

    def prepare(self) -> None:
        """Do ahead what the first who needs a model would have to wait for."""
        for runner in self._runners.values():
            runner.prepare()

    async def acquire(self, name: str) -> Loaded:
        """Return a model, opened when needed; every acquire needs a `release`.

        Args:
            name: a model's name; empty for the default.

        Raises:
            ServiceError: UNKNOWN_MODEL, DEVICE_UNAVAILABLE, MODEL_UNUSABLE or DRAINING.
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
            ServiceError: DEVICE_UNAVAILABLE, MODEL_UNUSABLE or DRAINING.
        """
        name = self.registry.refiner()
        return await self._acquire(name) if name else None

    async def _acquire(self, name: str) -> Loaded:
        size = _weigh(self.info(name))
        ticket = next(self._tickets)
        answer: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = answer
        self._perform(self._placement.request(ticket, name, size))
        try:
            return await answer
        except asyncio.CancelledError:
            self._waiting.pop(ticket, None)
            self._perform(self._placement.withdraw(ticket))
            raise

    def release(self, loaded: Loaded | None) -> None:
        """Give a model back, once."""
        if loaded is not None:
            self._perform(self._placement.release(loaded.ticket))

    def is_loaded(self, name: str) -> bool:
        """Tell whether a model is open, also one that was unloaded while in use."""
        return self._placement.is_open(name)

    def unload(self, name: str) -> None:
        """Close a model; sessions that use it keep it until they end."""
        self._perform(self._placement.unload(name))

    def share_memory(self, budget: Budget) -> None:
        """Let models draw on a sum of memory that others draw on too.

        Those in use are never refused; idle ones leave when the sum is passed, or when somebody
        else needs what they take.
        """
        self._budget = budget
        budget.reclaim = self._reclaim

    def _reclaim(self, missing: int) -> int:
        actions, freed = self._placement.reclaim(missing)
        self._perform(actions)
        return freed

    def _tell_budget(self, budget: Budget) -> None:
        budget.state("models", self._placement.staying_bytes())
        if budget.total and budget.spent > budget.total:
            actions, freed = self._placement.reclaim(budget.spent - budget.total)
            if freed:
                self._perform(actions)

    def list_residents(self) -> list[Resident]:
        """Return the models in memory, each with the bytes that are counted for it."""
        models = [loaded.model for loaded in self._loaded.values()]
        return [Resident(one.info.name, one.device, _weigh(one.info)) for one in models]

    @property
    def child_peak_bytes(self) -> int:
        """The most memory that the processes of models have taken."""
        return sum(runner.child_peak_bytes for runner in self._runners.values())

    @property
    def overdue(self) -> bool:
        """Whether a run takes longer than it may."""
        return any(runner.overdue for runner in self._runners.values())

    def info(self, name: str) -> ModelInfo:
        """Return what is known of a model.

        Raises:
            ServiceError: UNKNOWN_MODEL.
        """
        try:
            return self.registry.info(name)
        except ModelError as error:
            raise to_service_error(error) from error

    async def close(self, patience_s: float = 5.0) -> None:
        """Close every model after the run it is in, and refuse whoever asks from now on.

        Args:
            patience_s: seconds to wait; a longer run or opening is left to end by itself.
        """
        draining = ServiceError(Reason.DRAINING, "This server is shutting down.")
        for runner in self._runners.values():
            runner.stop(draining)
        self._perform(self._placement.stop(draining))
        try:
            await asyncio.wait_for(self._settle(), patience_s)
        except asyncio.TimeoutError:
            log.warning("leaving while a model still runs or opens")
            for task in self._tasks:
                task.cancel()
        for runner in self._runners.values():
            runner.shutdown()

    async def _settle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    # ------------------------------------------------------------- actions

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Open):
                self._begin(self._open(action))
            elif isinstance(action, Close):
                self._begin(self._close(action))
            else:
                self._answer(action)
        if self._budget is not None:
            self._tell_budget(self._budget)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer(self, action: Grant | Refuse) -> None:
        answer = self._waiting.pop(action.ticket)
        if answer.cancelled():  # and about to be withdrawn
            return
        if isinstance(action, Grant):
            answer.set_result(replace(self._loaded[action.copy], ticket=action.ticket))
        else:
            answer.set_exception(action.error)

    async def _open(self, action: Open) -> None:
        runner = self._runners[action.device]
        try:
            model = await runner.open(action.name, self._threads)
        except Exception as error:
            self._perform(self._placement.failed(action.copy, _explain(error)))
        else:
            self._loaded[action.copy] = _add_queues(model, runner, self._limits.model_bytes)
            self._perform(self._placement.opened(action.copy))

    async def _close(self, action: Close) -> None:
        # The runner is to hold the last reference.
        closing = self._runners[action.device].close(self._loaded.pop(action.copy).model)
        try:
            await closing
        except Exception:
            log.exception("a model failed while it was closed")
        self._perform(self._placement.closed(action.copy))


def _weigh(info: ModelInfo) -> int:
    """Return the bytes of memory that a model is counted for."""
    return info.size_bytes * MEMORY_PER_FILE_BYTE


def _add_queues(model: Model, runner: Runner, budget_bytes: int) -> Loaded:
    """Return an open model with its queues."""

    def run(pictures: Sequence[Picture]) -> Sequence[Coarse]:
        return model.matte([p.rgb for p in pictures], [p.prompt for p in pictures])

    fit = partial(_fit_batch, model, budget_bytes)
    batcher = Batcher(run, runner.lane, partial(runner.run, model), model.stop, fit)
    patches = _queue_patches(model, runner) if isinstance(model, Refiner) else None
    return Loaded(model, batcher, patches)


def _queue_patches(model: Refiner, runner: Runner) -> Batcher[Patch, npt.NDArray[np.uint16]]:
    def run(patches: Sequence[Patch]) -> Sequence[npt.NDArray[np.uint16]]:
        return [model.refine(patch.rgb, patch.trimap) for patch in patches]

    # One at a time: others' coarse alphas must not wait for a batch of large squares.
    return Batcher(run, runner.lane, partial(runner.run, model), model.stop)


def _fit_batch(model: Model, budget_bytes: int) -> int:
    """Return how many pictures one run takes: what the graph allows, and the budget holds."""
    height, width = model.info.input_size
    run_bytes = height * width * MEMORY_PER_INPUT_PIXEL
    room = budget_bytes // run_bytes if budget_bytes and run_bytes else model.max_batch
    return min(model.max_batch, room)


def _explain(error: Exception) -> Exception:
    """Return what is told of a model that could not be opened."""
    if not isinstance(error, ModelError):
        return error
    refused = to_service_error(error)
    refused.__cause__ = error
    return refused
