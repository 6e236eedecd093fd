"""A PDF that holds a picture, written to a file strip by strip, so that memory stays bounded.

It is the ground that pikepdf builds on: it copies streams from file to file, but takes new ones
only from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frisket.documents import AlphaSource, ColourSource, Document, Layer, Rect
from frisket.documents.colour.profile import CHANNELS, find_fault
from frisket.documents.core.pixels import Pixels, convert_depth
from frisket.documents.encode.deflate import deflate

_LEVEL = 1
_STRIP_BYTES = 4 << 20
_SPACES = {"RGB": "DeviceRGB", "GRAY": "DeviceGray", "CMYK": "DeviceCMYK"}
Read = Callable[[Rect], Pixels]


@dataclass(frozen=True)
class Artwork:
    """What is printed: 8-bit samples and what they mean.

    Attributes:
        width, height: in pixels.
        mode: RGB, GRAY or CMYK.
        icc: profile of the samples, or None.
        read: returns straight colours (height, width, channels) of a rectangle.
        alpha: opacity of the subject.
        fault: what is wrong with the layer's own profile, which is left out then; or nothing.
    """

    width: int
    height: int
    mode: str
    icc: bytes | None
    read: Read
    alpha: AlphaSource
    fault: str = ""


def describe_artwork(
    document: Document, layer: Layer, alpha: AlphaSource, colours: ColourSource | None
) -> Artwork:
    """Return a layer as what is printed: RGB, grey and CMYK stay, everything else becomes sRGB."""
    raster = document.raster(layer)
    form, colour = raster.form, raster.colour
    plain = form.mode in CHANNELS and form.depth <= 16

    def read(rect: Rect) -> Pixels:
        native = raster.read(rect)
        straight = colour.to_straight(native) if plain else colour.native_to_srgb(native)
        own = straight[..., : CHANNELS[form.mode] if plain else 3]
        cleaned = own if colours is None or not plain else colours.read(rect, own)
        return convert_depth(cleaned, 8)

    mode = form.mode if plain else "RGB"
    indexed = document.mode in ("INDEXED", "DUOTONE")
    icc = None if indexed or not plain else document.icc_profile
    fault = find_fault(icc, mode)
    kept = None if fault else icc
    return Artwork(layer.width, layer.height, mode, kept, read, alpha, fault)


def write_ground(path: Path, artwork: Artwork) -> None:
    """Write a PDF whose catalogue names the streams ``Art`` and ``Alpha``, and ``Icc`` if any.

    Raises:
        DocumentError: the picture cannot be read.
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        ground = _Ground(file.write)
        ground.put(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
        image = f"/Type /XObject /Subtype /Image /Width {artwork.width} /Height {artwork.height} "
        image += "/BitsPerComponent 8 /Filter /FlateDecode "
        space = f"/ColorSpace /{_SPACES[artwork.mode]} "
        ground.put_stream(3, image + space, _pack(artwork, artwork.read, CHANNELS[artwork.mode]))
        grey = f"{image} /ColorSpace /DeviceGray "
        ground.put_stream(4, grey, _pack(artwork, lambda rect: _read_alpha(artwork, rect), 1))
        profile = ""
        if artwork.icc:
            kind = f"/N {CHANNELS[artwork.mode]} "
            ground.put_stream(5, kind, iter((artwork.icc,)))
            profile = "/Icc 5 0 R "
        ground.put_object(2, b"<< /Type /Pages /Kids [] /Count 0 >>")
        named = f"<< /Type /Catalog /Pages 2 0 R /Art 3 0 R /Alpha 4 0 R {profile}>>"
        ground.put_object(1, named.encode())
        ground.finish()


def _read_alpha(artwork: Artwork, rect: Rect) -> Pixels:
    return convert_depth(artwork.alpha.read(rect), 8)[..., None]


def _pack(artwork: Artwork, read: Read, channels: int) -> Iterator[bytes]:
    """Yield a picture's samples, deflated, from top to bottom."""
    rows = max(1, _STRIP_BYTES // (artwork.width * channels))
    strips = (
        Rect(0, y, artwork.width, min(rows, artwork.height - y))
        for y in range(0, artwork.height, rows)
    )
    # Rasters keep what they decoded last, and are read by one thread at a time.
    bands = (np.ascontiguousarray(read(strip)) for strip in strips)
    return deflate(lambda band: band, bands, _LEVEL)


class _Ground:
    """Objects of a PDF and where they lie."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write, self._at = write, 0
        self._places: dict[int, int] = {}

    def put(self, data: bytes) -> None:
        self._write(data)
        self._at += len(data)

    def put_object(self, number: int, body: bytes) -> None:
        self._places[number] = self._at
        self.put(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def put_stream(self, number: int, head: str, pieces: Iterator[bytes]) -> None:
        """Write a stream whose length is told behind it, where it is known."""
        length = number + 10
        self._places[number] = self._at
        self.put(f"{number} 0 obj\n<< {head}/Length {length} 0 R >>\nstream\n".encode())
        start = self._at
        for piece in pieces:
            self.put(piece)
        size = self._at - start
        self.put(b"\nendstream\nendobj\n")
        self.put_object(length, b"%d" % size)

    def finish(self) -> None:
        at, last = self._at, max(self._places)
        self.put(b"xref\n0 %d\n" % (last + 1))
        for number in range(last + 1):
            place = self._places.get(number)
            known = place is not None
            row = f"{place or 0:010d} {0 if known else 65535:05d} {'n' if known else 'f'} \n"
            self.put(row.encode())
        self.put(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (last + 1, at))
