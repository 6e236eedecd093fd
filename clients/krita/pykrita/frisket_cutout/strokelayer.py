"""Strokes on a temporary annotation layer, watched while a session is open."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from krita import Krita

from frisket.client.options import HintSet, LayerSpec
from frisket.hosts import pixels
from frisket.hosts.band import split_hair, widen_band
from frisket.hosts.strokes import STROKES, explain_colours, explain_place, find_hints
from frisket.protocol.grid import TileRect

from .converting import SRGB, Converter, Space
from .mainthread import MainThread
from .qt import QtCore, QtGui
from .targetlayer import TargetLayer, is_open, split_rows

_SIDE = 256
_TAKEN_IN_MS = 300
_GRAB_PIXELS = 1 << 20


def find_layer(document):
    """Return the annotation layer of a document, if there is one."""
    return next((node for node in document.topLevelNodes() if node.name() == STROKES), None)


def add_layer(document) -> None:
    """Put an empty annotation layer on top and make it the active one, a moment later.

    Krita ends when a node becomes active before its Layers docker has taken it in.
    """
    layer = document.createNode(STROKES, "paintlayer")
    # In grey or CMYK there is neither green nor red.
    layer.setColorSpace(*SRGB)
    document.rootNode().addChildNode(layer, None)
    QtCore.QTimer.singleShot(_TAKEN_IN_MS, lambda: activate_layer(document))


def activate_layer(document) -> None:
    """Make the annotation layer the active one, where it is."""
    layer = find_layer(document) if is_open(document) else None
    if layer is not None and document == Krita.instance().activeDocument():
        document.setActiveNode(layer)


def remove_layer(document, keep_painted: bool = False) -> None:
    """Take the annotation layer away again.

    Args:
        document: the document.
        keep_painted: leave it where anything is painted on it.
    """
    layer = find_layer(document)
    if layer is not None and not (keep_painted and layer.bounds().width() > 0):
        layer.remove()


class StrokeWatcher:
    """Notices when strokes change. `poll` is for the worker thread.

    Args:
        target_layer: the layer that is cut out.
        main: the way to the main thread.
        region: where it lies in the image.
        name: its name.
        read_mask: returns its mask as it is now, 8-bit rows of the proxy's size.
    """

    def __init__(
        self,
        target_layer: TargetLayer,
        main: MainThread,
        region: TileRect,
        name: str,
        read_mask: Callable[[], bytes | None],
    ) -> None:
        self._target_layer = target_layer
        self._main = main
        self._region = region
        self._name = name
        self._read_mask = read_mask
        self._seen = 0
        self._told = HintSet()
        self._converter: Converter | None = None
        self.note = ""

    def poll(self, spec: LayerSpec) -> HintSet | None:
        """Return the hints if they differ from those returned last; see `note` as well.

        `note` is what to say of strokes that say nothing.

        Args:
            spec: the layer's sizes.
        """
        picture = self._draw_picture()
        mark = zlib.crc32(picture[0]) or 1 if picture is not None else 0
        if mark == self._seen:
            return None
        self._seen = mark
        hints = self._read_hints(picture, spec) if picture is not None else HintSet()
        if picture is None:
            self.note = ""
        if hints == self._told:
            return None
        self._told = hints
        return hints

    def _read_hints(self, picture: tuple[bytes, int, int], spec: LayerSpec) -> HintSet:
        data, width, height = picture
        self.note = explain_colours(data, width, height)
        if not any(data[3::4]):
            self.note = explain_place(self._name)
        data, hair = split_hair(data)
        hints = find_hints(data, width, height, (self._region.width, self._region.height))
        mask = self._read_mask() if any(hair) else None
        if mask is None:
            return hints
        self.note = ""
        return widen_band(hints, spec, mask, hair, (width, height))

    def close(self) -> None:
        """Give back what was borrowed of Krita."""
        if self._converter is not None:
            self._converter.close()

    def _draw_picture(self) -> tuple[bytes, int, int] | None:
        """Return the strokes over the layer's region, reduced, as RGBA rows."""
        region = self._region
        scale = min(1.0, _SIDE / max(region.width, region.height))
        width, height = max(1, round(region.width * scale)), max(1, round(region.height * scale))
        bounds = self._main.call(self._find_bounds)
        if bounds is None:
            return None
        image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGBA8888)
        image.fill(0)
        painter = QtGui.QPainter(image)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        for part in split_rows(bounds, _GRAB_PIXELS):
            self._draw(painter, part, scale)
        painter.end()
        bits = image.constBits()
        bits.setsize(image.sizeInBytes())
        return bytes(bits), width, height

    def _draw(self, painter: QtGui.QPainter, part: TileRect, scale: float) -> None:
        box = (part.x, part.y, part.width, part.height)
        data = self._main.call(lambda: self._read(box))
        if not data:
            return
        rows = pixels.to_rgba(self._converter.convert(data))
        kind = QtGui.QImage.Format.Format_RGBA8888
        image = QtGui.QImage(rows, part.width, part.height, part.width * 4, kind)
        size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        small = image.scaled(*size, QtCore.Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        left, top = (part.x - self._region.x) * scale, (part.y - self._region.y) * scale
        painter.drawImage(QtCore.QPointF(left, top), small)

    def _read(self, box: tuple[int, int, int, int]) -> bytes:
        layer = self._find_layer()
        return layer.pixelData(*box).data() if layer is not None else b""

    def _find_layer(self):
        return find_layer(self._target_layer.find_document())

    def _find_bounds(self) -> TileRect | None:
        layer = self._find_layer()
        if layer is None:
            return None
        if self._converter is None:
            # Somebody may have made the layer by hand, in other colours.
            self._converter = Converter(self._main, Space.of(layer), SRGB)
        bounds = layer.bounds()
        if bounds.width() < 1 or bounds.height() < 1:
            return None
        return TileRect(bounds.x(), bounds.y(), bounds.width(), bounds.height())
