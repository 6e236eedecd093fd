"""One small encoded picture in, one encoded matte out."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from frisket.matting import MattedPicture, MattingOptions, frame_picture, matte_whole
from frisket.matting.engine import Assessment
from frisket.models import Model
from frisket.protocol.grid import proxy_size
from frisket.protocol.limits import MAX_PROXY_SIDE_PX, MAX_SIDE_PX
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.resources import Resources

MAX_ENCODED_BYTES = 16 << 20
MAX_PIXELS = 64_000_000
_KINDS = ["PNG", "JPEG", "WEBP"]

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
    resources: Resources, encoded: bytes, model: str, options: MattingOptions, cutout: bool
) -> EncodedMatte:
    """Matte one picture.

    Args:
        resources: models and threads.
        encoded: PNG, JPEG or WebP.
        model: its name; empty for the default.
        options: what is wanted.
        cutout: return RGBA with cleaned colours, not the alpha alone.

    Raises:
        ServiceError: BAD_IMAGE, TOO_LARGE, or what a model refuses.
        MattingError, ModelError: a hint outside the picture, or a model that failed.
    """
    share = resources.scheduler.open_share(proxy_mp=MAX_PROXY_SIDE_PX**2 / 1e6)
    rgb = await share.solve(partial(_decode, encoded))
    async with resources.borrow(model, options, share) as models:
        proxy = await share.solve(partial(_reduce, rgb))
        size = (rgb.shape[1], rgb.shape[0])
        wanted = replace(options, foreground=cutout)
        matting = frame_picture(size, proxy, wanted, models.refiner)
        matted = await matte_whole(matting, rgb, models.runners)
        png = await share.solve(partial(_encode, matted))
        assessment = await share.compute(matted.solution.assess)
        return EncodedMatte(png, *size, models.model, assessment)


def _decode(encoded: bytes) -> Bytes:
    """Return a picture as sRGB (h, w, 3), its size checked before any pixel."""
    if len(encoded) > MAX_ENCODED_BYTES:
        raise _too_large(f"{len(encoded) >> 20} MiB encoded")
    try:
        with Image.open(io.BytesIO(encoded), formats=_KINDS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
                raise _too_large(f"{width} x {height} px")
            return np.asarray(picture.convert("RGB"))
    except UnidentifiedImageError as error:
        # Pillow's own text shows an address in memory.
        raise ServiceError(Reason.BAD_IMAGE, "This is no PNG, JPEG or WebP.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        message = f"This is no readable PNG, JPEG or WebP: {error}."
        raise ServiceError(Reason.BAD_IMAGE, message) from error


def _too_large(what: str) -> ServiceError:
    message = f"A picture of {what} is too large for MatteImage: open a Matte stream."
    return ServiceError(Reason.TOO_LARGE, message)


def _reduce(rgb: Bytes) -> Bytes:
    height, width = rgb.shape[:2]
    size = proxy_size(width, height)
    if size == (width, height):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))


def _encode(matted: MattedPicture) -> bytes:
    alpha = matted.alpha
    if matted.colours is not None:
        alpha8 = (alpha >> 8).astype(np.uint8) if alpha.dtype == np.uint16 else alpha
        picture = Image.fromarray(np.dstack([matted.colours, alpha8]))
    else:
        picture = Image.fromarray(alpha)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
