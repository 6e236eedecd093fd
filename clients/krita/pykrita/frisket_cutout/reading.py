"""Reads a Krita layer in pieces: Krita's part on the main thread, the sums beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

from frisket.client.options import LayerSpec, describe_layer
from frisket.hosts import pixels
from frisket.hosts.language import _
from frisket.hosts.request import Refused
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect, proxy_size

from .converting import DEEP_SRGB, SRGB, Converter, Space
from .mainthread import MainThread
from .qt import QtCore, QtGui
from .targetlayer import TargetLayer

# One grab takes Krita about a millisecond.
_GRAB_PIXELS = 1 << 20
ARGB = QtGui.QImage.Format.Format_ARGB32
GREY = QtGui.QImage.Format.Format_Grayscale8
_ALPHA_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}


class LayerReader:
    """A layer, group or clone as sRGB, by Krita's own colour management.

    Make it on the main thread.

    Args:
        target_layer: the layer.
        main: the way to the main thread.
        region: where it lies in the image.
        deep: hand out 16-bit tiles.
    """

    def __init__(
        self, target_layer: TargetLayer, main: MainThread, region: TileRect, deep: bool
    ) -> None:
        node = target_layer.find_node()
        self._target_layer = target_layer
        self._main = main
        self._region = region
        self._deep = deep
        self._native, self._sent = Space.of(node), DEEP_SRGB if deep else SRGB
        self._there = Converter(main, self._native, self._sent)
        self._back = Converter(main, self._sent, self._native)
        # Only paint layers have pixels of their own; the rest is read as it looks.
        self._own = node.type() == "paintlayer"
        self._proxy_size = proxy_size(region.width, region.height)
        self._snapshot = None if self._own else Snapshot(region.width, 8 if deep else 4)

    @property
    def spec(self) -> LayerSpec:
        """Sizes and formats for the server."""
        return describe_layer(
            self._region.width,
            self._region.height,
            PixelFormat.RGB16 if self._deep else PixelFormat.RGB8,
            PixelFormat.RGBA8,
        )

    def close(self) -> None:
        """Give back what was borrowed of Krita."""
        self._there.close()
        self._back.close()

    def read_tile(self, rect: TileRect) -> bytes:
        """Return the RGB rows of a rectangle."""
        data = self._snapshot.read(rect) if self._snapshot else self._grab(rect)
        return pixels.to_rgb(data, self._deep)

    def clean(self, rect: TileRect, native: bytes, colours: bytes) -> bytes:
        """Return native pixels of a tile with cleaned colours where these differ.

        Pixels that were not cleaned stay as they are, bit for bit, and so does alpha.
        """
        changed = pixels.find_differences(self.read_tile(rect), colours, 6 if self._deep else 3)
        fresh = self._back.convert(pixels.to_bgra(colours, self._deep))
        return pixels.replace_where(native, fresh, changed, _ALPHA_BYTES[self._native.depth])

    def proxy(self) -> bytes:
        """Return the RGBA rows of the reduced layer."""
        return b"".join(self._read_bands())

    def _read_bands(self) -> Iterator[bytes]:
        """Yield rows of the proxy, each band reduced from the rows it covers."""
        width, height = self._proxy_size
        source = self._region
        step = max(1, _GRAB_PIXELS // source.width * height // source.height)
        for first in range(0, height, step):
            last = min(height, first + step)
            top = round(first * source.height / height)
            bottom = max(top + 1, round(last * source.height / height))
            yield self._read_band(TileRect(0, top, source.width, bottom - top), width, last - first)

    def _read_band(self, rect: TileRect, width: int, height: int) -> bytes:
        data = self._grab(rect)
        if self._snapshot:
            self._snapshot.keep(data)
        shallow = data[1::2] if self._deep else data
        return pixels.to_rgba(reduce(shallow, rect.width, rect.height, width, height, ARGB))

    def _grab(self, rect: TileRect) -> bytes:
        """Return the BGRA rows of a rectangle."""
        x, y = rect.x + self._region.x, rect.y + self._region.y

        def work() -> QtCore.QByteArray:
            node = self._target_layer.find_node()
            read = node.pixelData if self._own else node.projectionPixelData
            return read(x, y, rect.width, rect.height)

        return self._there.convert(self._main.call(work).data())


class Snapshot:
    """What a group or clone looked like before it had its mask, in a temporary file.

    Krita shows such a layer only with its masks applied: tiles read later would be cut out
    already. A file keeps the memory small.
    """

    def __init__(self, width: int, pixel_bytes: int) -> None:
        self._row_bytes = width * pixel_bytes
        self._pixel_bytes = pixel_bytes
        self._file: IO[bytes] | None = None

    def keep(self, rows: bytes) -> None:
        """Append rows of the layer.

        Raises:
            Refused: the disk is full.
        """
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="frisket-")  # noqa: SIM115
            self._file.seek(0, 2)
            self._file.write(rows)
            # What lingers in memory would fail to be written when it is read.
            self._file.flush()
        except OSError as error:
            text = _(
                "There is no room left for temporary files in {folder}, so nothing was cut out. "
                "Free some space and try again."
            )
            # Python itself knows no folder when all of them are full.
            folder = tempfile.tempdir or QtCore.QDir.tempPath()
            raise Refused(text.format(folder=folder)) from error

    def read(self, rect: TileRect) -> bytes:
        """Return the native rows of a rectangle."""
        parts = []
        for y in range(rect.y, rect.y + rect.height):
            self._file.seek(y * self._row_bytes + rect.x * self._pixel_bytes)
            parts.append(self._file.read(rect.width * self._pixel_bytes))
        return b"".join(parts)


def reduce(data: bytes, width: int, height: int, to_width: int, to_height: int, kind) -> bytes:
    """Return an image reduced by averaging, rows without padding."""
    if (width, height) == (to_width, to_height):
        return data
    size = 4 if kind == ARGB else 1
    image = QtGui.QImage(data, width, height, width * size, kind)
    smooth = QtCore.Qt.TransformationMode.SmoothTransformation
    ignore = QtCore.Qt.AspectRatioMode.IgnoreAspectRatio
    small = image.scaled(to_width, to_height, ignore, smooth).convertToFormat(kind)
    bits = small.constBits()
    bits.setsize(small.sizeInBytes())
    rows, stride = bytes(bits), small.bytesPerLine()
    if stride == to_width * size:
        return rows
    return b"".join(rows[y * stride : y * stride + to_width * size] for y in range(to_height))
