"""The whole way of a picture that lies in memory, as one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from frisket.matting.engine.types import Bytes, Pixels
from frisket.matting.inference import Picture, list_closer_views
from frisket.matting.options import MattingOptions
from frisket.matting.pipeline import Matting, RefinerSpec
from frisket.matting.refinement import Compute, FinishedTile, RefinePatch, start_refinement
from frisket.matting.solution import Solution
from frisket.models import Coarse, Model, Prompt, State
from frisket.protocol.grid import Grid

Result = TypeVar("Result")
Ask = Callable[[Picture], Awaitable[Coarse]]
"""Asks a model about one picture."""


async def run_here(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, computed on the caller's own thread."""
    return work()


@dataclass(frozen=True)
class Runners:
    """Who runs what of a matting.

    Attributes:
        ask: asks the model.
        refine_patch: asks the refiner of `best`; None without one.
        compute: runs what stands before the first mask.
        solve: runs everything else, which takes longer.
    """

    ask: Ask
    refine_patch: RefinePatch | None = None
    compute: Compute = field(default=run_here)
    solve: Compute = field(default=run_here)


@dataclass(frozen=True, eq=False)
class MattedPicture:
    """A picture's alpha (h, w), its foreground colours where wanted, and where they are from."""

    alpha: Pixels
    colours: Pixels | None
    solution: Solution


async def predict(matting: Matting, runners: Runners) -> Coarse:
    """Return the model's coarse alpha of a layer.

    Raises:
        ModelError: the model failed.
        BadInput: a hint outside the layer, or a normalisation that does not exist.
    """
    views = await runners.compute(matting.views)
    answers = await asyncio.gather(*(runners.ask(view) for view in views))
    closer = await runners.compute(partial(list_closer_views, views[0], answers))
    answers += await asyncio.gather(*(runners.ask(view) for view in closer))
    return await runners.compute(partial(matting.combine, answers))


async def predict_next(matting: Matting, runners: Runners, state: State) -> Coarse:
    """Return a recurrent model's coarse alpha of a frame, with the state that it leaves.

    It looks at the frame alone, whatever the quality: mirrored or nearer, what it keeps of the
    frames before would not lie where the frame shows it.

    Args:
        matting: the frame.
        runners: the model and the threads.
        state: what it left of the frame before; () begins anew.

    Raises:
        ModelError, BadInput: as `predict`.
    """
    picture = (await runners.compute(matting.views))[0]
    prompt = replace(picture.prompt or Prompt(), state=state)
    answer = await runners.ask(replace(picture, prompt=prompt))
    return await runners.compute(partial(matting.combine, [answer]))


async def matte_whole(matting: Matting, pixels: Pixels, runners: Runners) -> MattedPicture:
    """Matte a layer of one tile.

    Args:
        matting: its grid has one tile, see `frame_picture`.
        pixels: (h, w) or (h, w, 3) uint8 or uint16: the layer.
        runners: the model, the refiner and the threads.

    Raises:
        ModelError: the model or the refiner failed.
        BadInput: a hint outside the layer, or a normalisation that does not exist.
    """
    coarse = await predict(matting, runners)
    solution = await runners.solve(partial(matting.solve, coarse))
    refinement = start_refinement(solution, [0], runners.solve, _keep, runners.refine_patch)
    finished: list[FinishedTile] = []
    async for tiles in refinement.feed(0, lambda: pixels):
        finished += tiles
        if refinement.failures:
            raise refinement.failures[0]
    return MattedPicture(finished[0].alpha, finished[0].colours, solution)


def _keep(tile: FinishedTile) -> FinishedTile:
    return tile


def frame_picture(
    size: tuple[int, int],
    proxy: Bytes,
    options: MattingOptions,
    refiner: RefinerSpec | None = None,
) -> Matting:
    """Return the matting of a picture of `size` (width, height) as one tile."""
    return Matting(proxy, Grid(*size, max(size)), options, refiner)


def matte_picture(
    model: Model,
    rgb: Bytes,
    options: MattingOptions | None = None,
    proxy: Bytes | None = None,
) -> MattedPicture:
    """Matte a picture with a model at hand, on this thread; for scripts and measurements.

    Args:
        model: an opened model.
        rgb: (h, w, 3) uint8 sRGB.
        options: what is wanted; `best` is solved as `high`.
        proxy: the picture reduced; None takes the picture itself.
    """

    async def ask(picture: Picture) -> Coarse:
        return model.matte([picture.rgb], [picture.prompt])[0]

    seen = rgb if proxy is None else proxy
    matting = frame_picture((rgb.shape[1], rgb.shape[0]), seen, options or MattingOptions())
    return asyncio.run(matte_whole(matting, rgb, Runners(ask)))
