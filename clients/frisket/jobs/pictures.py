"""Pictures in memory as documents of one layer, and results as pictures of the same kind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from frisket.documents import (
    ArrayRaster,
    DocumentError,
    Layer,
    Rect,
    decode_in_sandbox,
    open_document,
)
from frisket.documents.base.document import BaseDocument
from frisket.documents.colour import Colour
from frisket.documents.core.pixels import Pixels, convert_depth
from frisket.documents.io.limits import check_raster
from frisket.jobs.choices import BadOption
from frisket.jobs.task import CutOptions

Bytes: TypeAlias = "bytes | bytearray | memoryview"
Picture: TypeAlias = "Bytes | str | os.PathLike[str] | Image.Image | npt.NDArray[Any]"
NAME = "the image"  # what messages call a picture that has no name
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")


class PictureDocument(BaseDocument):
    """A picture in memory: one layer that is everything.

    Args:
        pixels: (height, width, 1 to 4), uint8 or uint16: grey or RGB, opacity last.
        icc: its profile, where it has one.
    """

    def __init__(self, pixels: Pixels, icc: bytes | None = None) -> None:
        super().__init__(NAME)
        self.height, self.width, channels = pixels.shape
        check_raster(NAME, self.width, self.height, channels)
        self.mode = "RGB" if channels > 2 else "GRAY"
        self.depth, self.icc_profile = pixels.dtype.itemsize * 8, icc
        self._has_alpha = channels in (2, 4)
        colour = Colour(self.mode, icc, colours=channels - self._has_alpha)
        self._raster = ArrayRaster(pixels, self.mode, colour, self._has_alpha)

    def _list_layers(self) -> Sequence[Layer]:
        return (self._describe_whole(self._has_alpha),)

    def raster(self, layer: Layer) -> ArrayRaster:
        """Return the pixels."""
        return self._raster


@contextmanager
def open_picture(image: Picture, options: CutOptions) -> Iterator[tuple[BaseDocument, Layer]]:
    """Open a picture of any kind, and find the layer that is meant.

    Colours that RGB and grey of 16 bits cannot hold (CMYK, Lab, floats) become sRGB.

    Raises:
        BadOption: it is no picture, or several layers are meant.
        DocumentError: it cannot be read.
    """
    with _open_any(image, options) as document:
        layers = document.find_layers(options.layers)
        if len(layers) > 1:
            names = ", ".join(layer.path for layer in layers)
            raise BadOption(f"layers={options.layers!r} means several layers ({names}): name one.")
        form = document.describe_pixels(layers[0])
        if form.mode in ("RGB", "GRAY") and form.depth <= 16:
            yield document, layers[0]
        else:
            plain = PictureDocument(_read_whole_srgb(document, layers[0]))
            yield plain, plain.layers[0]


@contextmanager
def _open_any(image: Picture, options: CutOptions) -> Iterator[BaseDocument]:
    if isinstance(image, (bytes, bytearray, memoryview)):
        with _open_bytes(image, options) as document:
            yield document
    elif isinstance(image, (str, os.PathLike)):
        if options.sandbox:
            decode_in_sandbox(image, options.layers)
        with open_document(image) as document:
            yield document
    elif isinstance(image, Image.Image):
        yield _from_pil(image)
    elif isinstance(image, np.ndarray):
        yield PictureDocument(_check_array(image))
    else:
        raise BadOption(
            f"A {type(image).__name__} is no picture: give bytes of an image file, a path, "
            "a PIL image or a NumPy array."
        )


@contextmanager
def _open_bytes(data: Bytes, options: CutOptions) -> Iterator[BaseDocument]:
    """Open the bytes of a file as `open_document` opens files; its checks and limits hold."""
    with tempfile.TemporaryDirectory(prefix="frisket-") as folder:
        path = Path(folder, "image")
        path.write_bytes(data)
        try:
            if options.sandbox:
                decode_in_sandbox(path, options.layers)
            with open_document(path) as document:
                yield document
        except DocumentError as error:
            if error.path == str(path):  # a name that the caller has never seen
                error.path = NAME
                error.args = (error.compose_sentence(),)
            raise


def _from_pil(image: Image.Image) -> PictureDocument:
    upright = ImageOps.exif_transpose(image)
    icc = upright.info.get("icc_profile") or None
    if upright.mode in _DEEP:
        return PictureDocument(np.asarray(upright).astype(np.uint16)[..., None], icc)
    if upright.mode == "CMYK":
        colour = Colour("CMYK", icc, colours=4)
        return PictureDocument(colour.native_to_srgb(np.asarray(upright)))
    plain = upright.convert(_choose_mode(upright))
    pixels = np.asarray(plain)
    kept = icc if plain.mode.rstrip("A") == upright.mode.rstrip("Aa") else None
    return PictureDocument(pixels if pixels.ndim == 3 else pixels[..., None], kept)


def _choose_mode(image: Image.Image) -> str:
    if image.mode in ("LA", "La"):
        return "LA"
    if image.mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


def _check_array(values: npt.NDArray[Any]) -> Pixels:
    """Return the array as (height, width, channels) in the machine's byte order."""
    known = values.dtype.kind == "u" and values.dtype.itemsize in (1, 2)
    if not known or values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] > 4):
        raise BadOption(
            f"An array of {values.dtype} and shape {values.shape} is no picture: give uint8 or "
            "uint16 of shape (height, width) or (height, width, 1 to 4)."
        )
    ordered = values.astype(values.dtype.newbyteorder("="), copy=False)
    return ordered if ordered.ndim == 3 else ordered[..., None]


def _read_whole_srgb(document: BaseDocument, layer: Layer) -> Pixels:
    raster = document.raster(layer)
    return raster.read_srgb(Rect(0, 0, raster.width, raster.height))


def to_rgba(pixels: Pixels) -> Pixels:
    """Return grey or RGB pixels with opacity (height, width, 2 or 4) as RGBA."""
    return pixels if pixels.shape[2] == 4 else pixels[..., (0, 0, 0, 1)]


def to_image(pixels: Pixels, icc: bytes | None) -> Image.Image:
    """Return pixels as a PIL image; RGBA of 16 bits, which PIL has not, becomes 8."""
    result = Image.fromarray(pixels if pixels.ndim == 2 else convert_depth(pixels, 8))
    if icc and pixels.ndim == 3:
        result.info["icc_profile"] = icc
    return result
