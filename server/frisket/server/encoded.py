"""Encoded pictures: their pixels as a model sees them, and an answer as PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from frisket.matting.pipeline import flatten_proxy
from frisket.protocol.limits import MAX_MESSAGE_BYTES, MAX_SIDE_PX
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError

MAX_PIXELS = 64_000_000
_KINDS = ["PNG", "JPEG", "WEBP"]
# Pillow keeps four bytes of a pixel and the alpha is made beside it; one more for its PNG.
_BYTES_PER_PIXEL = 8
# What is transparent is kept as it was beside what a model sees, and how opaque it is.
_TRANSLUCENT_BYTES_PER_PIXEL = 14
# What stands around the picture in the answer.
_MARGIN_BYTES = 1 << 16
_ROWS = 256  # flattened at once
_TURNED = range(2, 9)  # values of EXIF's orientation that change something

Alpha = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Head:
    """A picture before its pixels are decoded: (width, height), and the bytes to work on it."""

    size: tuple[int, int]
    working_bytes: int


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        shown: RGB as a model sees it, over neutral grey; cleaned colours are pasted into it.
        plain: RGBA as it was; None where all is opaque.
        profile: of its RGB; empty for none.
        turned: EXIF's orientation, for who looks at the answer; its pixels are not turned.
    """

    shown: Image.Image
    plain: Image.Image | None = None
    profile: bytes = b""
    turned: int = 1

    def encode_matte(self, alpha: Alpha) -> bytes:
        """Return alpha (h, w) as a greyscale PNG, no more opaque than the picture is.

        Raises:
            ServiceError: TOO_LARGE for a message.
        """
        return self._encode(Image.fromarray(self._limit(alpha)), b"")

    def encode_cutout(self, alpha: Alpha) -> bytes:
        """Return the picture with alpha (h, w) as an RGBA PNG; the picture is used up.

        Raises:
            ServiceError: TOO_LARGE for a message.
        """
        limited = self._limit(alpha)
        alpha8 = (limited >> 8).astype(np.uint8) if limited.dtype == np.uint16 else limited
        if self.plain is not None:
            # What is translucent was mixed with grey, so its own colours are needed.
            mixed = self.plain.getchannel("A").point([255] * 255 + [0])
            self.shown.paste(self.plain.convert("RGB"), mask=mixed)
        self.shown.putalpha(Image.fromarray(alpha8))
        return self._encode(self.shown, self.profile)

    def _limit(self, alpha: Alpha) -> Alpha:
        """Return alpha times the picture's own."""
        if self.plain is None:
            return alpha
        own = np.asarray(self.plain.getchannel("A"))
        for top in range(0, len(alpha), _ROWS):
            rows = slice(top, top + _ROWS)
            product = alpha[rows].astype(np.uint32) * own[rows]
            alpha[rows] = ((product + 127) // 255).astype(alpha.dtype)
        return alpha

    def _encode(self, image: Image.Image, profile: bytes) -> bytes:
        buffer, exif = io.BytesIO(), Image.Exif()
        if self.turned in _TURNED:
            exif[ExifTags.Base.Orientation] = self.turned
        image.save(buffer, "PNG", compress_level=3, icc_profile=profile or None, exif=exif)
        if buffer.tell() > MAX_MESSAGE_BYTES - _MARGIN_BYTES:
            raise _too_large(f"{buffer.tell() >> 20} MiB as the answer's PNG")
        return buffer.getvalue()


def read_head(encoded: bytes) -> Head:
    """Return a picture's head.

    Raises:
        ServiceError: BAD_IMAGE, or TOO_LARGE.
    """
    with _open(encoded) as picture:
        (width, height), translucent = picture.size, picture.has_transparency_data
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise _too_large(f"{width} x {height} px")
    each = _TRANSLUCENT_BYTES_PER_PIXEL if translucent else _BYTES_PER_PIXEL
    return Head((width, height), width * height * each)


def decode(encoded: bytes) -> Picture:
    """Return a picture of at most `MAX_PIXELS`, its samples as they are, in 8 bits.

    Raises:
        ServiceError: BAD_IMAGE.
    """
    with _open(encoded) as picture:
        picture.load()
        turned = int(picture.getexif().get(ExifTags.Base.Orientation, 1))
        if not picture.has_transparency_data:
            return Picture(_to_rgb(picture), None, _find_profile(picture), turned)
        plain = picture.convert("RGBA")
        return Picture(_flatten(plain), plain, _find_profile(picture), turned)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _flatten(plain: Image.Image) -> Image.Image:
    """Return a picture over the grey that a model sees behind a layer."""
    shown = Image.new("RGB", plain.size)
    for top in range(0, plain.height, _ROWS):
        rows = plain.crop((0, top, plain.width, min(top + _ROWS, plain.height)))
        shown.paste(Image.fromarray(flatten_proxy(np.asarray(rows))), (0, top))
    return shown


def _find_profile(picture: Image.Image) -> bytes:
    """Return the profile of a picture's RGB; empty where it has none, or one of other channels."""
    profile = picture.info.get("icc_profile") or b""
    return profile if profile[16:20] == b"RGB " else b""


@contextmanager
def _open(encoded: bytes) -> Iterator[Image.Image]:
    try:
        # Not closed: what was decoded is used after the block.
        yield Image.open(io.BytesIO(encoded), formats=_KINDS)
    except UnidentifiedImageError as error:
        # Pillow's own text shows an address in memory.
        raise ServiceError(Reason.BAD_IMAGE, "This is no PNG, JPEG or WebP.") from error
    except Image.DecompressionBombError as error:
        raise _too_large("more than a hundred megapixels") from error
    except (OSError, ValueError, SyntaxError) as error:
        message = f"This is no readable PNG, JPEG or WebP: {error}."
        raise ServiceError(Reason.BAD_IMAGE, message) from error


def _too_large(what: str) -> ServiceError:
    message = f"A picture of {what} is too large for MatteImage: open a Matte stream."
    return ServiceError(Reason.TOO_LARGE, message)
