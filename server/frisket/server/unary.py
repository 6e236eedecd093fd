"""One small encoded picture in, one encoded matte out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

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
from frisket.protocol.limits import MAX_MESSAGE_BYTES, MAX_PROXY_SIDE_PX, MAX_SIDE_PX, MAX_TILE_PX
from frisket.protocol.reasons import Reason
from frisket.server.admission import Seat
from frisket.server.errors import ServiceError
from frisket.server.hint_requests import list_planes
from frisket.server.opinion import assess_alone, assess_layer
from frisket.server.requests import read_options
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current, measure
from frisket.server.wire import OptionsMessage

MAX_PIXELS = 64_000_000
_KINDS = ["PNG", "JPEG", "WEBP"]
# Pillow keeps four bytes of a pixel and the alpha is made beside it; one more for its PNG.
_BYTES_PER_PIXEL = 8
# What stands around the picture in the answer.
_MARGIN_BYTES = 1 << 16

Bytes = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


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
        size = await compute(partial(_read_size, encoded))
        read = partial(read_options, message, size)
        options = replace(await compute(read), foreground=cutout)
    with ExitStack() as leases:
        pixels = size[0] * size[1]
        await resources.spend(seat, leases, "pictures", pixels * _BYTES_PER_PIXEL)
        async with (
            resources.take_turn(),
            resources.borrow(message.model, options.classes, options.quality, share) as models,
        ):
            if trace := current():
                trace.size, trace.model = size, models.model.info.name
            return await _matte(encoded, options, size, resources, models, cutout)


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
        picture = await compute(partial(_decode, encoded))
        proxy = await compute(partial(_reduce, picture))
    matting = Matting(proxy, Grid(*size, MAX_TILE_PX), options, models.refiner)
    with models.hurry(), measure(Stage.MODEL):
        coarse = await models.predict(matting)
    with measure(Stage.SOLVE):
        solution = await compute(partial(matting.solve, coarse))
    assessment = await assess_alone(models, solution)
    if options.hints.empty:
        assessment = await assess_layer(resources, models, matting, solution, assessment)
    with measure(Stage.REFINE):
        alpha = await _refine(solution, picture, models.runners)
    with measure(Stage.WRITE):
        png = await compute(partial(_encode, picture, alpha, cutout))
    return EncodedMatte(png, *size, models.model, assessment)


def _read_size(encoded: bytes) -> tuple[int, int]:
    """Return a picture's (width, height), before any pixel is decoded."""
    with _open(encoded) as picture:
        width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise _too_large(f"{width} x {height} px")
    return width, height


def _decode(encoded: bytes) -> Image.Image:
    """Return a picture in sRGB."""
    with _open(encoded) as picture:
        picture.load()
        return picture if picture.mode == "RGB" else picture.convert("RGB")


@contextmanager
def _open(encoded: bytes) -> Iterator[Image.Image]:
    try:
        # Not closed: what was decoded is used after the block.
        yield Image.open(io.BytesIO(encoded), formats=_KINDS)
    except UnidentifiedImageError as error:
        # Pillow's own text shows an address in memory.
        raise ServiceError(Reason.BAD_IMAGE, "This is no PNG, JPEG or WebP.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        message = f"This is no readable PNG, JPEG or WebP: {error}."
        raise ServiceError(Reason.BAD_IMAGE, message) from error


def _too_large(what: str) -> ServiceError:
    message = f"A picture of {what} is too large for MatteImage: open a Matte stream."
    return ServiceError(Reason.TOO_LARGE, message)


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


def _encode(picture: Image.Image, alpha: Alpha, cutout: bool) -> bytes:
    if cutout:
        alpha8 = (alpha >> 8).astype(np.uint8) if alpha.dtype == np.uint16 else alpha
        picture.putalpha(Image.fromarray(alpha8))
    else:
        picture = Image.fromarray(alpha)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    if buffer.tell() > MAX_MESSAGE_BYTES - _MARGIN_BYTES:
        raise _too_large(f"{buffer.tell() >> 20} MiB as the answer's PNG")
    return buffer.getvalue()
