"""The models in memory: opened when first asked for, few at a time."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from functools import partial

from frisket.models import (
    ModelError,
    ModelInfo,
    Registry,
)
from frisket.protocol.devices import parse_device, split_devices
from frisket.protocol.reasons import Reason
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError, to_service_error
from frisket.server.keeping import Keeping
from frisket.server.limits import Limits
from frisket.server.loaded import Loaded, add_queues
from frisket.server.openers import LocalOpener
from frisket.server.placement import Placement
from frisket.server.places import Action, Close, Device, Grant, Open, Refuse
from frisket.server.runner import Opener, Runner
from frisket.server.telemetry.meter import Resident

log = logging.getLogger(__name__)

# What counts where a model cannot be weighed: on a GPU, and where the system does not tell.
# Measured with ONNX Runtime on a CPU: 1.05 times the file for convolutions, 1.3 for dense
# layers, 3 for dense layers in half precision, which it widens.
MEMORY_PER_FILE_BYTE = 2
# While a model opens its file is in memory beside the weights: 1.8 to 2.0 times the file at the
# peak, and 3.1 times where two ways of running it are compared, the first time on a machine.
OPENING_PER_FILE_BYTE, FIRST_OPENING_PER_FILE_BYTE = 2, 3
ROOM_PATIENCE_S = 20.0
"""How long a session that holds nothing yet waits for others to give their models back."""


class ModelPool:
    """Opens models and keeps the last used ones: performs what `Placement` decides.

    Attributes:
        make_room: lets a session leave that only rests, with the model that it holds, and tells
            whether there was one.

    Args:
        registry: where models are found.
        device: as `frisket.protocol.devices` reads it; several are shared by all sessions.
        threads: compute threads of a model.
        limits: how many models and how many bytes of them are kept, those in use never leave;
            and how long a run and an opening may take.
        make_opener: makes the place where the models of a device live; None: in this process.
        keep_s: seconds that a model stays in memory after its last use.
        pinned: names of models that stay until they are unloaded.
    """

    def __init__(
        self,
        registry: Registry,
        device: str,
        threads: int,
        limits: Limits,
        make_opener: Callable[[], Opener] | None = None,
        keep_s: float = math.inf,
        pinned: Collection[str] = (),
    ) -> None:
        self.registry = registry
        self._threads = threads
        self._limits = limits
        names = split_devices(device)
        places = [Device(name, limits.model_bytes) for name in names]
        self._placement = Placement(places, limits.models, pinned)
        self._weights: dict[str, int] = {}  # of models that have been open, measured
        self._keeping = Keeping(keep_s, self._expire, self._rest)
        self._changed = asyncio.Event()
        self.make_room: Callable[[], Awaitable[bool]] = _make_none
        make = make_opener or partial(LocalOpener, registry)
        self._runners = {name: Runner(name, make(), limits) for name in names}
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
        loaded = await self._acquire_first(name or self.registry.default())
        if loaded.side:
            self.release(loaded)
            raise ServiceError(
                Reason.MODEL_UNUSABLE,
                f"{name} refines the edge that another model found: choose it with "
                "--quality best, not as the model.",
            )
        return loaded

    async def load(self, name: str, pin: bool = False) -> Loaded:
        """Open a model of any role, so that who needs it next does not wait.

        Args:
            name: empty for the default.
            pin: it stays from then on, used or not, until it is unloaded.

        Raises:
            ServiceError: as `acquire`.
        """
        loaded = await self._acquire_first(name or self.registry.default())
        if pin:
            self._placement.pin(loaded.ticket)
        self.release(loaded)
        return loaded

    async def _acquire_first(self, name: str) -> Loaded:
        """Return a model to who holds none."""
        self.info(name)
        await self._wait_for_room(name)
        return await self._acquire(name)

    async def acquire_refiner(self) -> Loaded | None:
        """Return the refiner that `best` uses, or None when there is none here.

        Raises:
            ServiceError: DEVICE_UNAVAILABLE, MODEL_UNUSABLE or DRAINING.
        """
        name = self.registry.refiner()
        return await self._acquire(name) if name else None

    async def _wait_for_room(self, name: str) -> None:
        """Wait until a model can be had within the limits of memory.

        Who calls this holds no model, so those whom it waits for never wait for it.

        Raises:
            ServiceError: BUSY: others hold what it needs for too long.
        """
        until = asyncio.get_running_loop().time() + ROOM_PATIENCE_S
        while not self.fits(name):
            if await self.make_room():
                continue
            self._changed.clear()
            left_s = until - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._changed.wait(), left_s)
            except asyncio.TimeoutError:
                raise ServiceError(
                    Reason.BUSY,
                    f"The models in use or pinned leave no room for {name}: try again shortly, or "
                    "let the operator give models more memory.",
                    retry_s=2.0,
                ) from None

    def fits(self, name: str) -> bool:
        """Tell whether a model that exists can be had without waiting for another to leave."""
        self._update_room()
        return self._placement.fits(name, self._estimate_opening(name))

    def _estimate_opening(self, name: str) -> int:
        """Return the bytes that the opening of a model takes for a moment."""
        size, known = self.info(name).size_bytes, self._weights.get(name)
        if known is None:
            return size * FIRST_OPENING_PER_FILE_BYTE
        return max(size * OPENING_PER_FILE_BYTE, known)

    async def _acquire(self, name: str) -> Loaded:
        size = self._estimate_opening(name)
        ticket = next(self._tickets)
        self._update_room()
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
            self._note_weight(loaded)
            if loaded.runner.lost:
                self._perform(self._placement.lose(loaded.runner.device))
            self._perform(self._placement.release(loaded.ticket))

    def _note_weight(self, loaded: Loaded) -> None:
        """Weigh a model again: the first run may add to it."""
        info = loaded.model.info
        if (size := loaded.runner.weigh(loaded.model)) and info.size_bytes:
            self._weights[info.name] = size
            self._perform(self._placement.weighed(loaded.copy, size))

    def is_loaded(self, name: str) -> bool:
        """Tell whether a model is open, also one that was unloaded while in use."""
        return self._placement.is_open(name)

    def is_pinned(self, name: str) -> bool:
        """Tell whether a model stays in memory, used or not, until it is unloaded."""
        return self._placement.is_pinned(name)

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

    def _update_room(self) -> None:
        """Tell how much memory models may take now, beside what others have taken."""
        if self._budget is not None and self._budget.total:
            rest = max(1, self._budget.left_beside("models"))
            most = self._limits.model_bytes or rest
            resident = self._placement.resident_bytes
            taken = {name: resident(name) for name in self._runners}
            for name, size in taken.items():  # what lies on the others comes out of the same sum
                left = max(1, rest - (sum(taken.values()) - size))
                self._placement.set_budget(name, min(left, most))

    def _tell_budget(self, budget: Budget) -> None:
        budget.state("models", self._placement.staying_bytes())
        if budget.total and budget.spent > budget.total:
            actions, freed = self._placement.reclaim(budget.spent - budget.total)
            if freed:
                self._perform(actions)

    def list_residents(self) -> list[Resident]:
        """Return the models in memory, each with the bytes that are counted for it."""
        return [
            Resident(one.model.info.name, one.model.device, self._placement.size_of(copy))
            for copy, one in self._loaded.items()
        ]

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
        self._keeping.close()
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
        self._changed.set()
        self._keeping.watch(self._placement.list_idle(), self._placement.is_empty)

    def _expire(self, copy: int) -> None:
        self._perform(self._placement.expire(copy))

    def _rest(self) -> None:
        for runner in self._runners.values():
            self._begin(runner.rest())

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
            # Before it is opened: weights that are replaced meanwhile are found to be others.
            identity = self.registry.identify(action.name)
            model = await runner.open(action.name, self._threads)
        except Exception as error:
            self._perform(self._placement.failed(action.copy, _explain(error)))
        else:
            loaded = add_queues(model, runner, self._limits.model_bytes)
            precision = "half" if parse_device(action.device).half else "whole"
            whose = f"{identity} {model.device} {precision} {self._threads}"
            self._loaded[action.copy] = replace(loaded, copy=action.copy, identity=whose)
            size = runner.weigh(model)
            # An estimate stands for what cannot be weighed.
            self._weights[action.name] = size or _weigh(self.info(action.name))
            self._perform(self._placement.opened(action.copy, self._weights[action.name]))

    async def _close(self, action: Close) -> None:
        # The runner is to hold the last reference.
        closing = self._runners[action.device].close(self._loaded.pop(action.copy).model)
        try:
            await closing
        except Exception:
            log.exception("a model failed while it was closed")
        self._perform(self._placement.closed(action.copy))


async def _make_none() -> bool:
    return False


def _weigh(info: ModelInfo) -> int:
    """Return the bytes that an open model is counted for where it cannot be weighed."""
    return info.size_bytes * MEMORY_PER_FILE_BYTE


def _explain(error: Exception) -> Exception:
    """Return what is told of a model that could not be opened."""
    if not isinstance(error, ModelError):
        return error
    refused = to_service_error(error)
    refused.__cause__ = error
    return refused
