"""PNG, JPEG, WebP and other flat images, decoded by Pillow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.arrays import ArrayRaster
from ..base.document import BaseDocument
from ..base.raster import PixelForm
from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.model import Layer
from ..io.limits import check_raster

if TYPE_CHECKING:
    from PIL import Image

    from ..core.pixels import Pixels
    from ..encode.beside import Beside

_ORIENTATION = 0x0112  # of EXIF
_QUARTER_TURNS = (5, 6, 7, 8)
# Where the header of a PNG has its depth and its colour type, and what colour types mean.
_PNG_DEPTH_AT, _PNG_KIND_AT = 24, 25
_GREY_PNG, _ALPHA_PNG = (0, 4), (4, 6)
_MAX_PIXELS = 1 << 30  # decoded whole, so bounded: a gigapixel
_BLOCK_BYTES = 4 << 20


class FlatDocument(BaseDocument):
    """An image without layers: one layer named ``Image`` that is everything."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        image = _open_image(self.path)
        self._image: Image.Image | None = image
        self.format = image.format or ""
        self.icc_profile = image.info.get("icc_profile") or None
        self._mode, self._alpha = _choose_mode(image)
        self.mode = {"L": "GRAY", "I;16": "GRAY", "CMYK": "CMYK"}.get(self._mode, "RGB")
        self.mode = "GRAY" if self._mode == "LA" else self.mode
        self.depth = 16 if self._mode == "I;16" else 8
        kind = _read_deep_kind(self.path, self.format)
        if kind is not None:  # which Pillow narrows, or takes for another kind
            self.depth, self.mode = 16, "GRAY" if kind in _GREY_PNG else "RGB"
            self._alpha = kind in _ALPHA_PNG or "transparency" in image.info
        try:
            # A PNG is decoded for this: its EXIF may stand behind the pixels.
            self.width, self.height = _measure_upright(image)
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise _refuse_damaged(self.path, error) from error
        self._raster: ArrayRaster | None = None

    def _list_layers(self) -> Sequence[Layer]:
        return (self._describe_whole(self._alpha),)

    def raster(self, layer: Layer | None = None) -> ArrayRaster:
        """Return the image's pixels, decoded once and whole, turned upright."""
        if self._raster is None:
            self._raster = self._decode()
        return self._raster

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels are stored as; nothing is decoded for it."""
        colours = {"GRAY": 1, "CMYK": 4}.get(self.mode, 3)
        return PixelForm(self.mode, self.depth, colours)

    def tell_beside(self, layer: Layer) -> Beside:
        """Return resolution, EXIF, XMP, IPTC, and what of the file no result holds."""
        from .beside import read_beside

        assert self._image is not None
        turned = self._image.getexif().get(_ORIENTATION, 1) in _QUARTER_TURNS
        return read_beside(self._image, self.path, turned)

    def _decode(self) -> ArrayRaster:
        from ..colour import Colour

        values = self._read_pixels()
        colours = values.shape[-1] - self._alpha
        colour = Colour(self.mode, self.icc_profile, colours=colours)
        return ArrayRaster(values, self.mode, colour, self._alpha)

    def _read_pixels(self) -> Pixels:
        import numpy as np

        try:
            if self.depth == 16 and self.format == "PNG":
                return self._read_deep_png()
            assert self._image is not None
            image = _turn_upright(self._image, self._mode)
            values = np.asarray(image)
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
            raise _refuse_damaged(self.path, error) from error
        return values if values.ndim == 3 else values[..., None]

    def _read_deep_png(self) -> Pixels:
        import imagecodecs
        import numpy as np

        from ..base.oriented import TURNS

        assert self._image is not None
        data = Path(self.path).read_bytes()
        try:
            values = np.asarray(imagecodecs.png_decode(data))
        except Exception as error:
            raise _refuse_damaged(self.path, error) from error
        values = values if values.ndim == 3 else values[..., None]
        turn = TURNS.get(self._image.getexif().get(_ORIENTATION, 1))
        return values if turn is None else np.ascontiguousarray(turn.apply(values))

    def close(self) -> None:
        """Close the file and let go of its pixels."""
        if self._image is not None:
            self._image.close()
        self._raster = None


def _open_image(path: str) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limit below gives a clearer sentence
    try:
        image = Image.open(path)
    except UnidentifiedImageError as error:
        raise UnsupportedDocument(
            path, "not an image that can be read", advice="give a PSD, PSB, TIFF, PNG, JPEG or WebP"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _refuse_damaged(path, error) from error
    check_raster(path, image.width, image.height, 4)
    if image.width * image.height > _MAX_PIXELS:
        raise UnsupportedDocument(
            path,
            f"{image.width} × {image.height} pixels are too many for {image.format}",
            advice="save it as a tiled TIFF or as PSB, which are read in parts",
        )
    return image


def _refuse_damaged(path: str, error: BaseException) -> UnreadableDocument:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableDocument(path, f"the image cannot be decoded ({reason})")


def _choose_mode(image: Image.Image) -> tuple[str, bool]:
    """Return the Pillow mode to decode to, and whether it has transparency."""
    see_through = "transparency" in image.info
    if image.mode in ("RGBA", "PA", "RGBa") or (image.mode in ("P", "RGB") and see_through):
        return "RGBA", True
    if image.mode in ("LA", "La") or (image.mode in ("L", "1") and see_through):
        return "LA", True
    if image.mode.startswith("I;16") or image.mode == "I":
        return "I;16", False
    if image.mode in ("L", "1"):
        return "L", False
    return ("CMYK" if image.mode == "CMYK" else "RGB"), False


def _measure_upright(image: Image.Image) -> tuple[int, int]:
    if image.getexif().get(_ORIENTATION, 1) in _QUARTER_TURNS:
        return image.height, image.width
    return image.width, image.height


def _turn_upright(image: Image.Image, mode: str) -> Image.Image:
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    return image if image.mode == mode else image.convert(mode)


def _read_deep_kind(path: str, kind: str) -> int | None:
    """Return the colour type of a PNG of 16 bits; None for everything else."""
    if kind != "PNG":
        return None
    with Path(path).open("rb") as file:
        head = file.read(_PNG_KIND_AT + 1)
    deep = len(head) > _PNG_KIND_AT and head[_PNG_DEPTH_AT] == 16
    return head[_PNG_KIND_AT] if deep else None
