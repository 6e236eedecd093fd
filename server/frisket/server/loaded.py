"""A model in memory with the queues in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from frisket.matting import Patch, Picture
from frisket.models import Coarse, Model, Refiner
from frisket.server.batcher import Batcher
from frisket.server.runner import Runner

# What a run takes for a picture, by the pixels of the model's input. Measured with U2-Net-p,
# whose activations are the largest of those known here: 2.6 KiB.
MEMORY_PER_INPUT_PIXEL = 2660


@dataclass(frozen=True)
class Loaded:
    """A model in memory, held by one user; a refiner has `patches` to run.

    Attributes:
        model: itself.
        batcher: what waits for it.
        runner: of its device.
        patches: the same for a refiner's squares; None for other models.
        ticket: of the user.
        copy: its number.
        identity: changes when the same pictures may get other answers.
    """

    model: Model
    batcher: Batcher[Picture, Coarse]
    runner: Runner
    patches: Batcher[Patch, npt.NDArray[np.uint16]] | None = None
    ticket: int = -1
    copy: int = -1
    identity: str = ""

    @property
    def side(self) -> int:
        """Return the side of a refiner's squares, in pixels; 0 for other models."""
        return self.model.side if isinstance(self.model, Refiner) else 0


def add_queues(model: Model, runner: Runner, budget_bytes: int) -> Loaded:
    """Return an open model with its queues."""

    def run(pictures: Sequence[Picture]) -> Sequence[Coarse]:
        return model.matte([p.rgb for p in pictures], [p.prompt for p in pictures])

    fit = partial(_fit_batch, model, budget_bytes)
    batcher = Batcher(run, runner.lane, partial(runner.run, model), model.stop, fit)
    patches = _queue_patches(model, runner) if isinstance(model, Refiner) else None
    return Loaded(model, batcher, runner, patches)


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
