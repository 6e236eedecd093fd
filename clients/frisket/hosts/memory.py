"""A layer that lies in memory: the smallest host there is. Pure Python, no NumPy.

GIMP's preview cuts its thumbnail out with it, and the conformance suite is tried on it.
"""

from __future__ import annotations

from frisket.client.options import LayerSpec, describe_layer
from frisket.hosts.planes import crop
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect


class MemoryReader:
    """Reads a picture from its rows.

    Args:
        pixels: rows in `form`.
        width: pixels in a row.
        height: rows.
        form: one of `frisket.protocol.formats.TILE_FORMATS`.
    """

    def __init__(
        self, pixels: bytes, width: int, height: int, form: PixelFormat = PixelFormat.RGB8
    ) -> None:
        self._pixels = pixels
        self._whole = TileRect(0, 0, width, height)
        self._form = form

    @property
    def spec(self) -> LayerSpec:
        """The picture's and its proxy's sizes and formats."""
        width, height = self._whole.width, self._whole.height
        return describe_layer(width, height, self._form, PixelFormat.RGB8)

    def proxy(self) -> bytes:
        """Return the picture as RGB8, each pixel of the proxy from the nearest."""
        spec = self.spec
        rgb = convert(self._pixels, self._form, PixelFormat.RGB8)
        if (spec.proxy_width, spec.proxy_height) == (spec.width, spec.height):
            return rgb
        columns = [
            (2 * x + 1) * spec.width // (2 * spec.proxy_width) for x in range(spec.proxy_width)
        ]
        rows = [
            (2 * y + 1) * spec.height // (2 * spec.proxy_height) for y in range(spec.proxy_height)
        ]
        starts = (3 * (y * spec.width + x) for y in rows for x in columns)
        return b"".join(rgb[start : start + 3] for start in starts)

    def read_tile(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle."""
        return crop(self._pixels, self._whole, rect, self._form.pixel_bytes)


class MemoryPainter:
    """Keeps alpha, and cleaned colours, in rows of its own.

    Args:
        width: pixels in a row.
        height: rows.
        depth: bits of a sample of alpha, 8 or 16.
        colours: what `recolour` changes a copy of: rows of `pixel_bytes` bytes a pixel.
        pixel_bytes: bytes of a pixel's colours.

    Attributes:
        alpha: rows of 8 or 16-bit samples (little-endian); transparent at first.
        colours: rows of colours.
    """

    def __init__(
        self, width: int, height: int, depth: int = 8, colours: bytes = b"", pixel_bytes: int = 3
    ) -> None:
        self._width = width
        self._sample_bytes = depth // 8
        self._pixel_bytes = pixel_bytes
        self.alpha = bytearray(width * height * self._sample_bytes)
        self.colours = bytearray(colours)

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Keep a rectangle of constant alpha."""
        value = b"\xff" if opaque else b"\0"
        self.paint(rect, value * (rect.width * rect.height), True)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Keep a rectangle of alpha."""
        if coarse and self._sample_bytes == 2:
            alpha = convert(alpha, PixelFormat.GRAY8, PixelFormat.GRAY16)
        self._put(self.alpha, rect, alpha, self._sample_bytes)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Keep cleaned colours, where there are any to be changed."""
        if self.colours:
            self._put(self.colours, rect, colours, self._pixel_bytes)

    def refresh(self) -> None:
        """Do nothing: nobody looks."""

    def progress(self, share: float, text: str) -> None:
        """Do nothing: nobody looks."""

    def _put(self, plane: bytearray, rect: TileRect, rows: bytes, size: int) -> None:
        for row in range(rect.height):
            start = ((rect.y + row) * self._width + rect.x) * size
            part = rows[row * rect.width * size : (row + 1) * rect.width * size]
            plane[start : start + rect.width * size] = part


def convert(rows: bytes, form: PixelFormat, to: PixelFormat) -> bytes:
    """Return pixels of one format in another; grey becomes RGB, never the other way."""
    channels = [rows] if form.channels == 1 else _split(rows, form)
    channels = [_deepen(each, form.depth, to.depth) for each in channels]
    if len(channels) == 1:
        channels *= to.channels
    size = to.depth // 8
    out = bytearray(len(channels[0]) * len(channels))
    for number, samples in enumerate(channels):
        for byte in range(size):
            out[number * size + byte :: len(channels) * size] = samples[byte::size]
    return bytes(out)


def _split(rows: bytes, form: PixelFormat) -> list[bytes]:
    """Return the planes of interleaved samples."""
    size, pixel = form.depth // 8, form.pixel_bytes
    planes = []
    for channel in range(form.channels):
        plane = bytearray(len(rows) // form.channels)
        for byte in range(size):
            plane[byte::size] = rows[channel * size + byte :: pixel]
        planes.append(bytes(plane))
    return planes


def _deepen(samples: bytes, depth: int, to: int) -> bytes:
    """Return little-endian samples with other bits; 255 and 65535 are both all of it."""
    if depth == to:
        return samples
    if to == 16:
        return bytes(value for value in samples for _ in (0, 1))
    pairs = zip(samples[0::2], samples[1::2], strict=True)
    return bytes((low + 256 * high + 128) // 257 for low, high in pairs)
