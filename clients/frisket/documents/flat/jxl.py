"""JPEG XL, decoded by imagecodecs; its sizes are read from the header before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.arrays import ArrayRaster
from ..base.document import BaseDocument
from ..base.raster import PixelForm
from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.model import Layer
from ..io.limits import check_raster
from .boxes import list_boxes
from .codings import Told, find_coding, make_points
from .jxl_header import CODESTREAM, CONTAINER, read_header

if TYPE_CHECKING:
    from ..core.pixels import Pixels
    from ..encode.beside import Beside

_HEAD = 1 << 16
_MAX_PIXELS = 1 << 28
_LINEAR = 8  # of the transfers
_MOST_NOTES = 1 << 24
_WHOLE = (0.0, 1.0)


def is_jxl(head: bytes) -> bool:
    """Tell by the first bytes of a file."""
    return head.startswith((CODESTREAM, CONTAINER))


class JxlDocument(BaseDocument):
    """A JPEG XL file as one layer, decoded whole and upright; of an animation the first frame."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.format = "JXL"
        try:
            with Path(path).open("rb") as file:
                head = read_header(file.read(_HEAD))
        except ValueError as error:
            raise UnreadableDocument(path, "the JPEG XL header is damaged") from error
        check_raster(path, head.width, head.height, 4)
        if head.width * head.height > _MAX_PIXELS:
            raise UnsupportedDocument(
                path, f"{head.width} × {head.height} pixels are too many for JPEG XL",
                advice="save it as a tiled TIFF, which is read in parts",
            )  # fmt: skip
        self._head = head
        self._values = self._decode()
        self.height, self.width, channels = self._values.shape
        self.mode, self._alpha = "GRAY" if channels < 3 else "RGB", channels in (2, 4)
        self.depth = self._values.dtype.itemsize * 8

    def _decode(self) -> Pixels:
        import imagecodecs
        import numpy as np

        try:
            data = Path(self.path).read_bytes()
            values = np.asarray(imagecodecs.jpegxl_decode(data, index=0))
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnreadableDocument(
                self.path, f"the image cannot be decoded ({reason})"
            ) from error
        values = values if values.ndim == 3 else values[..., None]
        if values.dtype == np.float16:
            values = values.astype(np.float32)
        if values.shape[-1] > 4 or values.dtype not in (np.uint8, np.uint16, np.float32):
            raise UnsupportedDocument(
                self.path, "a JPEG XL of more than four channels or of other samples",
                advice="save it as TIFF",
            )  # fmt: skip
        return values

    def _list_layers(self) -> Sequence[Layer]:
        return (self._describe_whole(self._alpha),)

    def raster(self, layer: Layer) -> ArrayRaster:
        """Return the picture's pixels."""
        from ..colour import Colour

        colours = self._values.shape[-1] - self._alpha
        colour = Colour(
            self.mode, colours=colours, coding=find_coding(self._tell_coding()),
            premultiplied=self._alpha and self._head.associated,
        )  # fmt: skip
        if self._values.dtype.kind != "f":
            colour = colour.fit_coding(self._values)
        elif self._head.colours.points[1] == _LINEAR:
            light = colour.coding and colour.coding.as_light()
            colour = replace(colour, coding=light).fit_floats(self._values[..., :colours])
        else:
            colour = replace(colour, display=_WHOLE)
        return ArrayRaster(self._values, self.mode, colour, self._alpha)

    def _tell_coding(self) -> Told:
        """Return what the header says of the colours."""
        found = self._head.colours
        if found.primaries or found.gamma:
            return Told(gamma=found.gamma, white_and_primaries=found.primaries)
        return Told(found.points)

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels are stored as."""
        return PixelForm(self.mode, self.depth, 1 if self.mode == "GRAY" else 3)

    def tell_beside(self, layer: Layer) -> Beside:
        """Return EXIF and XMP, the coding of the colours, and what of the file no result holds."""
        from ..encode.beside import Beside
        from ..encode.described import find_exif_resolution, read_exif
        from ..encode.readable import keep_readable

        exif, xmp = _read_notes(Path(self.path).read_bytes())
        frames = ("the frames after the first",) if self._head.animated else ()
        profile = ("its colour profile, which is not read",) if self._head.colours.profiled else ()
        beside = Beside(
            resolution=find_exif_resolution(exif),
            description=read_exif(exif),
            xmp=xmp,
            png=make_points(self._tell_coding()),
            lost=(*profile, *frames),
        )
        return keep_readable(beside)


def _read_notes(data: bytes) -> tuple[bytes, bytes]:
    """Return EXIF and XMP of a container (ISO/IEC 18181-2), which may be packed by Brotli."""
    found: dict[bytes, bytes] = {}
    for box in list_boxes(data) if data.startswith(CONTAINER) else ():
        name, content = box.name, box.content
        if name == b"brob":
            name, content = content[:4], _unpack(content[4:])
        found.setdefault(name, content)
    return found.get(b"Exif", b"")[4:], found.get(b"xml ", b"")  # an offset comes before EXIF


def _unpack(packed: bytes) -> bytes:
    import imagecodecs

    try:
        return bytes(imagecodecs.brotli_decode(packed, out=_MOST_NOTES))
    except (RuntimeError, ValueError, MemoryError):  # damaged notes cost only themselves
        return b""
