"""One small encoded picture in, one encoded matte out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.matting import (
    FinishedTile,
    Matting,
    MattingOptions,
    Runners,
    Solution,
    start_refinement,
)
from frisket.matting.engine import Assessment
from frisket.models import Model
from frisket.protocol.grid import Grid, proxy_size
from frisket.protocol.limits import MAX_PROXY_SIDE_PX, MAX_TILE_PX
from frisket.protocol.reasons import Reason
from frisket.server.admission import Seat
from frisket.server.encoded import Alpha, decode, read_head
from frisket.server.errors import ServiceError
from frisket.server.hint_requests import list_planes
from frisket.server.opinion import assess_alone, assess_layer
from frisket.server.requests import read_options
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current, measure
from frisket.server.wire import OptionsMessage

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class EncodedMatte:
    """A picture's matte as PNG: greyscale alpha, or RGBA for a cutout."""

    png: bytes
    width: int
    height: int
    model: Model
    assessment: Assessment


async def matte_encoded(
    resources: Resources, seat: Seat, encoded: bytes, message: OptionsMessage, cutout: bool
) -> EncodedMatte:
    """Matte one picture.

    Args:
        resources: models, threads and memory.
        seat: its place on the server.
        encoded: PNG, JPEG or WebP.
        message: what is wanted.
        cutout: return RGBA with cleaned colours, not the alpha alone.

    Raises:
        ServiceError: BAD_IMAGE, TOO_LARGE, BUSY, what the options are refused for, or what a
            model refuses.
        MattingError, ModelError: a hint outside the picture, or a model that failed.
    """
    if list_planes(message.hints):
        raise ServiceError(Reason.BAD_HINT, "MatteImage takes boxes, points and scribbles only.")
    share = resources.scheduler.open_share(proxy_mp=MAX_PROXY_SIDE_PX**2 / 1e6)
    compute = share.solve
    with measure(Stage.READ):
        head = await compute(partial(read_head, encoded))
        read = partial(read_options, message, head.size)
        options = replace(await compute(read), foreground=cutout)
    with ExitStack() as leases:
        await resources.spend(seat, leases, "pictures", head.working_bytes)
        async with (
            resources.take_turn(),
            resources.borrow(message.model, options.classes, options.quality, share) as models,
        ):
            if trace := current():
                trace.size, trace.model = head.size, models.model.info.name
            return await _matte(encoded, options, head.size, resources, models, cutout)


async def _matte(
    encoded: bytes,
    options: MattingOptions,
    size: tuple[int, int],
    resources: Resources,
    models: BorrowedModels,
    cutout: bool,
) -> EncodedMatte:
    """Return the matte of a picture whose memory and models are held."""
    compute = models.share.solve
    with measure(Stage.READ):
        picture = await compute(partial(decode, encoded))
        proxy = await compute(partial(_reduce, picture.shown))
    matting = Matting(proxy, Grid(*size, MAX_TILE_PX), options, models.refiner)
    with models.hurry(), measure(Stage.MODEL):
        coarse = await models.predict(matting)
    with measure(Stage.SOLVE):
        solution = await compute(partial(matting.solve, coarse))
    assessment = await assess_alone(models, solution)
    if options.hints.empty:
        assessment = await assess_layer(resources, models, matting, solution, assessment)
    with measure(Stage.REFINE):
        alpha = await _refine(solution, picture.shown, models.runners)
    with measure(Stage.WRITE):
        encode = picture.encode_cutout if cutout else picture.encode_matte
        png = await compute(partial(encode, alpha))
    return EncodedMatte(png, *size, models.model, assessment)


def _reduce(picture: Image.Image) -> Bytes:
    size = proxy_size(*picture.size)
    small = picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)
    return np.asarray(small)


async def _refine(solution: Solution, picture: Image.Image, runners: Runners) -> Alpha:
    """Return a picture's alpha (h, w), tile by tile; cleaned colours go into the picture."""
    grid = solution.grid
    depth = np.uint8 if solution.depth == 8 else np.uint16
    alpha: Alpha = np.zeros((grid.height, grid.width), depth)
    wanted = await runners.solve(partial(_fill_solid, solution, alpha))
    refinement = start_refinement(solution, wanted, runners.solve, _keep, runners.refine_patch)
    for tile in sorted(refinement.tiles):
        async for finished in refinement.feed(tile, partial(_crop, picture, grid, tile)):
            if refinement.failures:
                raise refinement.failures[0]
            for each in finished:
                _paste(picture, alpha, grid, each)
    return alpha


def _fill_solid(solution: Solution, alpha: Alpha) -> list[int]:
    """Fill the tiles that need no pixels; return the others, all where colours are cleaned."""
    if solution.foreground is not None:
        return list(range(solution.grid.count))
    for tile in np.flatnonzero(solution.plan > 0).tolist():
        x, y, width, height = solution.grid.rect(tile)
        alpha[y : y + height, x : x + width] = np.iinfo(alpha.dtype).max
    return [int(tile) for tile in np.flatnonzero(solution.plan < 0)]


def _crop(picture: Image.Image, grid: Grid, tile: int) -> Bytes:
    x, y, width, height = grid.rect(tile)
    return np.asarray(picture.crop((x, y, x + width, y + height)))


def _paste(picture: Image.Image, alpha: Alpha, grid: Grid, tile: FinishedTile) -> None:
    x, y, width, height = grid.rect(tile.tile)
    alpha[y : y + height, x : x + width] = tile.alpha
    if tile.colours is not None:
        picture.paste(Image.fromarray(tile.colours), (x, y))


def _keep(tile: FinishedTile) -> FinishedTile:
    return tile
