"""Models in a process of their own: a crash or an endless loop costs one request and the process.

The next request starts another process and opens its model there again.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from frisket.models import (
    MAX_STATE_BYTES,
    Coarse,
    DeviceUnavailable,
    Model,
    ModelClosed,
    ModelFailed,
    ModelInfo,
    Prompt,
    Registry,
    State,
)
from frisket.models.core.types import Array, Mask, Picture
from frisket.server.child_process import ModelProcess, ProcessLost
from frisket.server.child_wire import CloseModel, OpenModel, Request, RunMatte, RunRefine

_MAX_SIDE, _MAX_BATCH, _MAX_NOTE = 4096, 64, 1000
_END_S = 2.0
_MOST_GROWN = 0.1
"""A process without models may keep this share more than a fresh one; beyond it is replaced."""


class ChildOpener:
    """Opens models in a process of their own, which starts with the first, or ahead of it.

    Args:
        registry: where models are found.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._numbers = itertools.count(1)
        self._lock, self._alone = threading.Lock(), threading.Lock()
        self._process: ModelProcess | None = None
        self._peak = 0  # of the processes before
        self._closed = False

    def open(self, name: str, device: str, threads: int) -> Model:
        """Open a model; see `Registry.open`."""
        info = self._registry.info(name)
        model = RemoteModel(self, info, device, threads)
        found = self.call(model, None)
        model.max_batch = _check_number(found["max_batch"], 1, _MAX_BATCH)
        side = _check_number(found["side"], 0, _MAX_SIDE)
        return RemoteRefiner(self, model, side) if side else model

    def weigh(self, model: Model) -> int:
        """Return the bytes that an open model takes in its process; 0 where that is unknown."""
        with self._lock:
            process = self._process
        if process is None or not isinstance(model, RemoteModel):
            return 0
        return process.weights.get(model.number, 0)

    def rest(self) -> None:
        """Put a fresh process in the place of one that keeps memory without a model."""
        with self._lock:
            process = self._process
        if process is None or process.over or process.opened or process.grown <= _MOST_GROWN:
            return
        process.kill()
        process.wait(_END_S)
        self.prepare()

    def prepare(self) -> None:
        """Start the process ahead, so that who asks first need not wait for its start."""
        # Where it cannot start, who asks is told.
        with contextlib.suppress(ModelClosed, OSError):
            self._reach()

    def next_number(self) -> int:
        """Return a number for a model or a request, never used before."""
        return next(self._numbers)

    def call(
        self,
        model: RemoteModel,
        request: Request | None,
        parts: Sequence[Array] = (),
        spare: int = 0,
    ) -> dict[str, Any]:
        """Return the answer to a request; None asks that the model be open.

        `parts` and `spare` are as in `ModelProcess.ask`.

        When the process is lost while a model runs and another opens, both are tried again, one
        after the other: that shows whose doing it was.

        Raises:
            ModelFailed: the model ended its process.
            ModelError: what the model refused.
            DeviceUnavailable: the device is gone; the next request finds another process.
        """
        try:
            return self._call(model, request, parts, spare)
        except DeviceUnavailable:
            if request is not None and model.device != "cpu":
                self.replace()  # in a process that has lost its GPU nothing runs there again
            raise
        except ProcessLost as lost:
            self.prepare()
            if lost.alone:
                raise _explain_loss(model, lost) from lost
        try:
            with self._alone:
                return self._call(model, request, parts, spare)
        except ProcessLost as lost:
            self.prepare()
            raise _explain_loss(model, lost) from lost

    def _call(
        self, model: RemoteModel, request: Request | None, parts: Sequence[Array], spare: int
    ) -> dict[str, Any]:
        process = self._reach()
        opened: dict[str, Any] = {}
        if model.number not in process.opened:
            opened = process.ask(
                OpenModel(
                    self.next_number(), model.number, model.info.name, model.wanted, model.threads
                ),
                opens=request is None,
            )
            process.opened.add(model.number)
            model.device = str(opened["device"])  # it may be another one than before
        return opened if request is None else process.ask(request, parts, spare=spare)

    def _reach(self) -> ModelProcess:
        with self._lock:
            if self._closed:
                raise ModelClosed("The server is leaving.")
            if self._process is None or self._process.over:
                self._peak = max(self._peak, self._process.peak_bytes if self._process else 0)
                self._process = ModelProcess(self._registry.home)
            return self._process

    def stop(self, model: RemoteModel) -> None:
        """Tell a model that runs to stop; does not wait for it."""
        with self._lock:
            process = self._process
        if process is not None:
            process.stop(model.number)

    def forget(self, model: RemoteModel) -> None:
        """Close a model, if the process in which it was open still lives."""
        with self._lock:
            process = self._process
        if process is None or model.number not in process.opened:
            return
        process.opened.discard(model.number)
        with contextlib.suppress(ProcessLost):
            process.ask(CloseModel(self.next_number(), model.number))

    @property
    def peak_bytes(self) -> int:
        """The most memory that a process has said to have taken."""
        with self._lock:
            return max(self._peak, self._process.peak_bytes if self._process else 0)

    def replace(self, opening: bool = False) -> None:
        """End the process with whatever hangs in it, and start another.

        Args:
            opening: it hangs while it opens a model, and not in a run.
        """
        with self._lock:
            process = self._process
        if process is not None:
            process.kill(opening)
            self.prepare()

    def close(self) -> None:
        """End the process for good."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait(_END_S)


class RemoteModel:
    """A model that lives in the child; see `frisket.models.Model`."""

    def __init__(self, opener: ChildOpener, info: ModelInfo, wanted: str, threads: int) -> None:
        self._opener = opener
        self.number = opener.next_number()
        self.info = info
        self.wanted, self.threads = wanted, threads
        self.device = wanted
        self.max_batch = 1
        self._closed = False

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """Return one coarse alpha per picture."""
        told = list(prompts or [None] * len(images))
        alphas = [np.empty(image.shape[:2], np.uint8) for image in images]
        request = RunMatte(self._opener.next_number(), self.number, images, told)
        follows = any(prompt is not None and prompt.state is not None for prompt in told)
        found = self._call(request, alphas, MAX_STATE_BYTES if follows else 0)
        self.max_batch = _check_number(found["max_batch"], 1, _MAX_BATCH)
        facts, arrays = found["coarse"], iter(found["arrays"])
        return [_read_coarse(one, alpha, arrays) for one, alpha in zip(facts, alphas, strict=True)]

    def _call(self, request: Request, parts: Sequence[Array], spare: int = 0) -> dict[str, Any]:
        if self._closed:
            raise ModelClosed(f"The model {self.info.name} was closed; open it again first.")
        return self._opener.call(self, request, parts, spare)

    def stop(self) -> None:
        """Make a run that is under way fail soon."""
        self._opener.stop(self)

    def close(self) -> None:
        """Give back what it holds; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._opener.forget(self)


class RemoteRefiner(RemoteModel):
    """A refiner that lives in the child; see `frisket.models.Refiner`."""

    def __init__(self, opener: ChildOpener, model: RemoteModel, side: int) -> None:
        super().__init__(opener, model.info, model.wanted, model.threads)
        self.number, self.device = model.number, model.device
        self.side = side

    def refine(self, image: Picture, trimap: Mask) -> Array:
        """Return (side, side) uint16, 0..65535, for a square."""
        alpha = np.empty((self.side, self.side), np.uint16)
        self._call(RunRefine(self._opener.next_number(), self.number, image, trimap), [alpha])
        return alpha


def _read_coarse(facts: dict[str, Any], alpha: Mask, arrays: Iterator[Array]) -> Coarse:
    """Return a coarse alpha; what its process says of it is checked.

    Args:
        facts: all but its pixels.
        alpha: those.
        arrays: the next are its state, flat.
    """
    cell, sure = float(facts["cell_px"]), float(facts["confidence"])
    if not (math.isfinite(cell) and cell >= 1 and 0 <= sure <= 1):
        raise ModelFailed("The models' process answered with numbers that cannot be.")
    return Coarse(
        alpha,
        empty=bool(facts["empty"]),
        note=str(facts["note"])[:_MAX_NOTE],
        cell_px=cell,
        confidence=sure,
        prompted=bool(facts["prompted"]),
        state=_read_state(facts.get("state"), arrays),
    )


def _read_state(shapes: Any, arrays: Iterator[Array]) -> State | None:
    """Return a state of these shapes; None where none was left."""
    if shapes is None:
        return None
    try:
        return tuple(next(arrays).reshape(shape) for shape in shapes)
    except (StopIteration, TypeError, ValueError, OverflowError) as error:
        raise ModelFailed("The models' process answered with a state that is none.") from error


def _check_number(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ModelFailed(f"The models' process answered with {value!r:.40}.")
    return value


def _explain_loss(model: RemoteModel, lost: ProcessLost) -> ModelFailed:
    return ModelFailed(
        f"The model {model.info.name} ended the process that it ran in ({lost}): take another "
        "model, or another picture."
    )
