"""One small encoded picture in, one encoded matte out."""

from __future__ import annotations

import asyncio
import io
from functools import partial

import grpc
import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.models import ModelError
from frisket.protocol.grid import proxy_size
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.server import solution, wire
from frisket.server.errors import ServiceError, invalid
from frisket.server.hints import check_classes, expected_planes, prompt_of, read_hints
from frisket.server.looks import look
from frisket.server.patchwork import crop_of
from frisket.server.pool import Loaded, Picture, model_refused
from frisket.server.session import Engine
from frisket.v1 import matting_pb2 as pb

MAX_ENCODED_BYTES = 16 << 20
MAX_PIXELS = 64_000_000
_KINDS = ["PNG", "JPEG", "WEBP"]


async def matte_image(shared: Engine, request: pb.MatteImageRequest) -> pb.MatteImageResponse:
    """Matte one picture.

    Raises:
        ServiceError: BAD_IMAGE, TOO_LARGE, BAD_HINT, or what a model refuses.
    """
    loop = asyncio.get_running_loop()
    if expected_planes(request.options.hints):
        raise invalid("BAD_HINT", "MatteImage takes boxes, points and scribbles only.")
    rgb = await loop.run_in_executor(shared.executor, partial(_decode, request.image))
    loaded, refiner = await shared.pool.acquire(request.options.model), None
    try:
        check_classes(request.options.classes, loaded.model.info)
        if request.options.quality == pb.QUALITY_BEST:
            refiner = await shared.pool.acquire_refiner()
        return await _matte(shared, loaded, refiner, rgb, request)
    finally:
        shared.pool.release(loaded)
        shared.pool.release(refiner)


async def _matte(
    shared: Engine,
    loaded: Loaded,
    refiner: Loaded | None,
    rgb: npt.NDArray[np.uint8],
    request: pb.MatteImageRequest,
) -> pb.MatteImageResponse:
    loop = asyncio.get_running_loop()
    proxy = await loop.run_in_executor(shared.executor, partial(_proxy, rgb))
    opening = _opening(rgb, proxy, request)
    options = request.options
    hints = read_hints(options.hints, {}, opening)
    view = await loop.run_in_executor(
        shared.executor, partial(solution.view, proxy, options.normalise)
    )
    try:
        coarse = await look(
            loaded, Picture(view, prompt_of(hints, options.classes)), options.quality
        )
    except ModelError as error:
        raise model_refused(error) from error

    choice = solution.choice_of(refiner)
    solved = await loop.run_in_executor(
        shared.executor,
        partial(solution.solve, proxy, coarse, opening, options, hints, choice),
    )
    answers = await _closer(solved, refiner, rgb)
    return await loop.run_in_executor(
        shared.executor, partial(_answer, solved, rgb, loaded, request.cutout, answers)
    )


async def _closer(
    solved: solution.Solution, refiner: Loaded | None, rgb: npt.NDArray[np.uint8]
) -> dict[int, wire.Array | None] | None:
    """The refiner's answers for every window; None without a refiner.

    Raises:
        ServiceError: MODEL_UNUSABLE: the refiner failed.
    """
    if solved.windows is None or refiner is None or refiner.patches is None:
        return None
    answers: dict[int, wire.Array | None] = {}
    for window in solved.windows.touching(0, 0, rgb.shape[1], rgb.shape[0]):
        try:
            answers[window] = await refiner.patches.submit(crop_of(solved, window, rgb))
        except ModelError as error:
            raise model_refused(error) from error
    return answers


def _decode(encoded: bytes) -> npt.NDArray[np.uint8]:
    """Decode a picture to sRGB (h, w, 3), its size checked before any pixel."""
    if len(encoded) > MAX_ENCODED_BYTES:
        raise _too_large(f"{len(encoded) >> 20} MiB encoded")
    try:
        with Image.open(io.BytesIO(encoded), formats=_KINDS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(f"{picture.width} x {picture.height} px")
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise invalid("BAD_IMAGE", f"This is no readable PNG, JPEG or WebP: {error}.") from error


def _too_large(what: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TOO_LARGE",
        f"A picture of {what} is too large for MatteImage: open a Matte stream.",
    )


def _proxy(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    size = proxy_size(width, height)
    if size == (width, height):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))


def _opening(
    rgb: npt.NDArray[np.uint8], proxy: npt.NDArray[np.uint8], request: pb.MatteImageRequest
) -> wire.Opening:
    """Return the opening that a client would have sent for this picture."""
    options = pb.MatteOptions()
    options.CopyFrom(request.options)
    options.foreground_colours = request.cutout
    return wire.read_opening(
        pb.OpenRequest(
            protocol_version=PROTOCOL_VERSION,
            width=rgb.shape[1],
            height=rgb.shape[0],
            tile_format=pb.PIXEL_FORMAT_RGB8,
            proxy_width=proxy.shape[1],
            proxy_height=proxy.shape[0],
            proxy_format=pb.PIXEL_FORMAT_RGB8,
            options=options,
        )
    )


def _answer(
    solved: solution.Solution,
    rgb: npt.NDArray[np.uint8],
    loaded: Loaded,
    cutout: bool,
    answers: dict[int, wire.Array | None] | None,
) -> pb.MatteImageResponse:
    alpha, colours = solved.refine(0, 0, rgb, answers)
    if cutout and colours is not None:
        alpha8 = (alpha >> 8).astype(np.uint8) if alpha.dtype == np.uint16 else alpha
        picture = Image.fromarray(np.dstack([colours, alpha8]))
    else:
        picture = Image.fromarray(alpha)
    judged = solution.judge(solved)
    answer = pb.MatteImageResponse(
        image=_encode(picture),
        width=rgb.shape[1],
        height=rgb.shape[0],
        model=loaded.model.info.name,
        device=loaded.model.device,
        assessment=judged.message,
        covered_share=judged.covered_share,
    )
    if judged.subject is not None:
        x, y, width, height = judged.subject
        answer.subject.CopyFrom(pb.Rect(x=x, y=y, width=width, height=height))
    return answer


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
