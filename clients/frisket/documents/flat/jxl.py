"""JPEG XL, decoded by imagecodecs; its sizes are read from the header before anything else."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.arrays import ArrayRaster
from ..base.document import BaseDocument
from ..base.raster import PixelForm
from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.model import Layer
from ..io.limits import check_raster

if TYPE_CHECKING:
    from ..core.pixels import Pixels
    from ..encode.beside import Beside

_CODESTREAM, _BOX = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"
_HEAD = 1 << 16
_MAX_PIXELS = 1 << 28
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIZE_BITS = (9, 13, 18, 30)


def is_jxl(head: bytes) -> bool:
    """Tell by the first bytes of a file."""
    return head.startswith((_CODESTREAM, _BOX))


class JxlDocument(BaseDocument):
    """A JPEG XL file as one layer, decoded whole and upright; of an animation the first frame."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.format = "JXL"
        try:
            head = _read_header(Path(path).read_bytes()[:_HEAD])
        except (ValueError, IndexError, struct.error) as error:
            raise UnreadableDocument(path, "the JPEG XL header is damaged") from error
        check_raster(path, head.width, head.height, 4)
        if head.width * head.height > _MAX_PIXELS:
            raise UnsupportedDocument(
                path, f"{head.width} × {head.height} pixels are too many for JPEG XL",
                advice="save it as a tiled TIFF, which is read in parts",
            )  # fmt: skip
        self._animated = head.animated
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
        return ArrayRaster(self._values, self.mode, Colour(self.mode, colours=colours), self._alpha)

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels are stored as."""
        return PixelForm(self.mode, self.depth, 1 if self.mode == "GRAY" else 3)

    def tell_beside(self, layer: Layer) -> Beside:
        """Return what of the file no result holds: its decoder gives pixels alone."""
        from ..encode.beside import Beside

        frames = ("the frames after the first",) if self._animated else ()
        return Beside(lost=("its EXIF, XMP and colour profile, which are not read", *frames))


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    animated: bool


class _Bits:
    """Numbers of a codestream, the lowest bit first (ISO/IEC 18181-1, B.2)."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data[:64], "little"), 8 * len(data[:64])

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the header ends early")
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return found

    def take_size(self) -> int:
        return 1 + self.take(_SIZE_BITS[self.take(2)])


def _read_header(data: bytes) -> _Header:
    """Read sizes and whether there is an animation (ISO/IEC 18181-1, D.2 and D.3)."""
    bits = _Bits(_find_codestream(data)[2:])
    width, height = _read_size(bits)
    animated = False
    if not bits.take(1) and bits.take(1):  # not all default, and with extra fields
        bits.take(3)  # orientation
        if bits.take(1):  # a size to be shown at
            _read_size(bits)
        animated = not bits.take(1) and bool(bits.take(1))  # no preview, and an animation
    return _Header(width, height, animated)


def _read_size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)
    height = 8 * (1 + bits.take(5)) if small else bits.take_size()
    ratio = bits.take(3)
    if ratio:
        return height * _RATIOS[ratio][0] // _RATIOS[ratio][1], height
    return (8 * (1 + bits.take(5)) if small else bits.take_size()), height


def _find_codestream(data: bytes) -> bytes:
    if data.startswith(_CODESTREAM):
        return data
    at = 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        head = 16 if length == 1 else 8
        if name in (b"jxlc", b"jxlp"):
            return data[at + head + (4 if name == b"jxlp" else 0) :]
        if length == 1:
            length = struct.unpack_from(">Q", data, at + 8)[0]
        if length < head:
            break
        at += length
    raise ValueError("no codestream")
