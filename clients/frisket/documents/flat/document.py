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

    from ..base.oriented import Turn
    from ..core.pixels import Pixels
    from ..encode.beside import Beside
    from .deep import Deep
    from .splice_resources import JpegResources

_ORIENTATION = 0x0112  # of EXIF
_MAX_PIXELS = 1 << 28  # decoded whole, at about eleven bytes a pixel, so bounded
_BLOCK_BYTES = 4 << 20
_BAND_BYTES = 1 << 20


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
        self._deep = _describe_deep(self.path, image)
        if self._deep is not None:  # which Pillow narrows, or takes for another kind
            deep = self._deep
            self.depth, self.mode, self._alpha = deep.depth, deep.mode, deep.alpha
        self._turn = _find_turn(self.path, image)
        quarter = self._turn is not None and self._turn.transposed
        self.width, self.height = image.size[::-1] if quarter else image.size
        self._raster: ArrayRaster | None = None

    def _list_layers(self) -> Sequence[Layer]:
        return (self._describe_whole(self._alpha),)

    @property
    def turn(self) -> Turn | None:
        """How the stored picture becomes upright; None where it is."""
        return self._turn

    @property
    def stored_size(self) -> tuple[int, int]:
        """Columns and rows of the picture as it is stored."""
        turned = self._turn is not None and self._turn.transposed
        return (self.height, self.width) if turned else (self.width, self.height)

    def carry_resources(self, layer: Layer) -> JpegResources | None:
        """Return the image resources of a JPEG."""
        from .splice_resources import JpegResources

        return JpegResources(self) if self.format in ("JPEG", "MPO") else None

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
        from .deep import find_narrowed_bits

        assert self._image is not None
        turned = self._turn is not None and self._turn.transposed
        narrowed = find_narrowed_bits(self.path, self._image)
        return read_beside(self._image, self.path, turned, narrowed)

    def _decode(self) -> ArrayRaster:
        import numpy as np

        from ..colour import Colour
        from .codings import find_coding, tell_coding

        values = self._read_pixels()
        if self._turn is not None:
            values = np.ascontiguousarray(self._turn.apply(values))
        levels = self._deep.levels if self._deep is not None else 0
        assert self._image is not None
        told = tell_coding(self.path, self._image)
        colour = Colour(
            self.mode,
            None if told.points else self.icc_profile,
            colours=values.shape[-1] - self._alpha,
            levels=levels,
            coding=find_coding(told),
        )
        if colour.coding is not None:
            colour = colour.fit_coding(values)
        if values.dtype.kind == "f":
            colour = colour.fit_floats(values[..., : colour.colours])
        return ArrayRaster(values, self.mode, colour, self._alpha)

    def _read_pixels(self) -> Pixels:
        assert self._image is not None
        if self._deep is not None:
            return self._read_deep(self._deep)
        try:
            same = self._image.mode == self._mode
            values = _copy_pixels(self._image if same else self._image.convert(self._mode))
        except Exception as error:  # decoders raise whatever they met first
            raise _refuse_damaged(self.path, error) from error
        _drop_pixels(self._image)
        return values if values.ndim == 3 else values[..., None]

    def _read_deep(self, deep: Deep) -> Pixels:
        """Decode what was described, and see that it is that."""
        assert self._image is not None
        try:
            values = deep.decode(Path(self.path).read_bytes())
        except Exception as error:
            raise _refuse_damaged(self.path, error) from error
        wanted = (self._image.height, self._image.width, deep.channels)
        if values.shape != wanted or values.dtype.itemsize * 8 != deep.depth:
            raise UnreadableDocument(
                self.path, "its header and its pixels tell of different pictures",
                advice="save it again, as TIFF or PNG",
            )  # fmt: skip
        return values

    def close(self) -> None:
        """Close the file and let go of its pixels."""
        if self._image is not None:
            self._image.close()
        self._raster = None


def _open_image(path: str) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    from .heif import prepare_heif

    Image.MAX_IMAGE_PIXELS = None  # the limit below gives a clearer sentence
    prepare_heif(path)
    try:
        image = Image.open(path)
    except UnidentifiedImageError as error:
        raise UnsupportedDocument(
            path, "not an image that can be read", advice="give a PSD, PSB, TIFF, PNG, JPEG or WebP"
        ) from error
    except Exception as error:  # its parsers raise whatever they met first
        raise _refuse_damaged(path, error) from error
    check_raster(path, image.width, image.height, 4)
    if image.width * image.height > _MAX_PIXELS:
        raise UnsupportedDocument(
            path,
            f"{image.width} × {image.height} pixels are too many for {image.format}",
            advice="save it as a tiled TIFF or as PSB, which are read in parts",
        )
    return image


def _copy_pixels(image: Image.Image) -> Pixels:
    """Return an image's pixels, taken band by band: Pillow holds what is taken twice more."""
    import numpy as np

    width, height = image.size
    row = np.asarray(image.crop((0, 0, width, 1)))
    values = np.empty((height, *row.shape[1:]), row.dtype)
    step = max(1, _BAND_BYTES // row.nbytes)
    for top in range(0, height, step):
        values[top : top + step] = image.crop((0, top, width, min(top + step, height)))
    return values


def _drop_pixels(image: Image.Image) -> None:
    """Free what Pillow decoded, up to four bytes a pixel; what the image says beside it stays."""
    from PIL import Image

    image.im = Image.new("1", (1, 1)).im


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


def _describe_deep(path: str, image: Image.Image) -> Deep | None:
    from .deep import describe_deep

    try:
        return describe_deep(path, image)
    except (OSError, ValueError, IndexError) as error:
        raise _refuse_damaged(path, error) from error


def _find_turn(path: str, image: Image.Image) -> Turn | None:
    """Return how the picture becomes upright; damaged EXIF says nothing."""
    from ..base.oriented import TURNS

    try:
        if image.format == "PNG" and "exif" not in image.info:
            image.load()  # for the EXIF that may stand behind the pixels
    except Exception as error:
        raise _refuse_damaged(path, error) from error
    try:
        return TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # its parser raises whatever it met first
        return None
