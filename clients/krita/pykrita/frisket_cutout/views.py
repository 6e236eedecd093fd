"""The cutout over the canvas: nothing of it is in the document. For the main thread."""

from __future__ import annotations

import contextlib
import time

from frisket.client.errors import ClientError
from frisket.hosts.language import _
from frisket.protocol.grid import TileRect

from .qt import QtCore, QtGui, QtWidgets
from .sight import find_canvas, find_sight
from .strokelayer import find_layer
from .task import Task

VIEWS = (
    ("", _("As Krita shows it")),
    ("overlay", _("Overlay: what is hidden, tinted")),
    ("black", _("On black")),
    ("white", _("On white")),
    ("alpha", _("Mask alone")),
    ("before", _("Before: the layer without its cutout")),
)
_TICK_MS = 120
# Something painted on the mask is noticed after this long.
_STALE_S = 1.0
_SHARE = 0.15
_INVERTED = bytes(range(255, -1, -1))
_TINT = (230, 0, 0, 110)
_ARGB = QtGui.QImage.Format.Format_ARGB32
_GREY = QtGui.QImage.Format.Format_Grayscale8


class CanvasView(QtWidgets.QWidget):
    """Draws over the canvas of the open cutout's image; clicks go through it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_NoSystemBackground)
        self._task: Task | None = None
        self._kind = ""
        self._image: QtGui.QImage | None = None
        self._place = QtCore.QRectF()
        self._to_area = QtGui.QTransform()
        self._seen: tuple = ()
        self._next = 0.0
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    def look_at(self, task: Task | None, kind: str) -> None:
        """Show a cutout in one of `VIEWS`, or nothing."""
        self._task, self._kind, self._seen = task, kind, ()
        if task is None or not kind:
            self._timer.stop()
            self._leave()
        else:
            self._next = 0.0
            self._timer.start()
            self._tick()

    def _leave(self) -> None:
        self.hide()
        # The canvas may be closed, and would take its children along.
        self.setParent(None)
        self._image = None

    def _tick(self) -> None:
        with contextlib.suppress(ClientError):
            document = self._task.target_layer.find_document()
            found = find_canvas(document)
            rect = find_sight(document, self._task.region) if found else None
            if rect is not None and self._task.painter is not None:
                self._follow(document, rect, *found)
                return
        self._leave()

    def _follow(self, document, rect: TileRect, area, to_area) -> None:
        view = area.viewport()
        if self.parent() is not view:
            self.setParent(view)
        self.setGeometry(view.rect())
        step = max(1, int(1 / max(1e-6, abs(to_area.determinant()) ** 0.5)))
        seen = (rect, step, self._task.painter.version, len(self._task.proxy))
        start = time.monotonic()
        if start > self._next and (seen != self._seen or start > self._next + _STALE_S):
            self._render(document, rect, step)
            self._seen = seen
            end = time.monotonic()
            self._next = end + (end - start) / _SHARE
        self._to_area = to_area
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event) -> None:
        """Draw the picture where the canvas has it."""
        if self._image is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(self._to_area)
        painter.drawImage(self._place, self._image)
        painter.end()

    def _render(self, document, rect: TileRect, step: int) -> None:
        width, height = -(-rect.width // step), -(-rect.height // step)
        plane = self._task.painter.read(rect, step) or bytes(width * height)
        region = self._task.region
        place = TileRect(rect.x + region.x, rect.y + region.y, rect.width, rect.height)
        self._image = self._compose(plane, width, height, rect)
        if self._kind != "alpha":
            _draw_strokes(self._image, document, place, step)
        self._place = QtCore.QRectF(place.x, place.y, width * step, height * step)

    def _compose(self, plane: bytes, width: int, height: int, rect: TileRect) -> QtGui.QImage:
        if self._kind == "alpha":
            return _make_plane(plane, width, height, _GREY).convertToFormat(_ARGB)
        picture = QtGui.QImage(width, height, _ARGB)
        picture.fill(0)
        painter = QtGui.QPainter(picture)
        self._draw_layer(painter, rect, width, height)
        if self._kind == "overlay":
            painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_SourceAtop)
            painter.fillRect(picture.rect(), QtGui.QColor(*_TINT))
            plane = plane.translate(_INVERTED)
        if self._kind != "before":
            mask = _make_plane(plane, width, height, QtGui.QImage.Format.Format_Alpha8)
            painter.setCompositionMode(QtGui.QPainter.CompositionMode.CompositionMode_DestinationIn)
            painter.drawImage(0, 0, mask)
        if self._kind in ("black", "white"):
            under = QtGui.QPainter.CompositionMode.CompositionMode_DestinationOver
            painter.setCompositionMode(under)
            painter.fillRect(picture.rect(), QtGui.QColor(self._kind))
        painter.end()
        return picture

    def _draw_layer(self, painter: QtGui.QPainter, rect: TileRect, width: int, height: int) -> None:
        """Draw the layer without its cutout: its own pixels, or what the server was sent."""
        node, region = self._task.target_layer.find_node(), self._task.region
        step = -(-rect.width // width)
        if (node.type(), node.colorModel(), node.colorDepth()) == ("paintlayer", "RGBA", "U8"):
            place = TileRect(rect.x + region.x, rect.y + region.y, rect.width, rect.height)
            image, _rows = _read_pixels(node, place, step)
            painter.drawImage(0, 0, image)
            return
        spec, rows = self._task.spec, self._task.proxy
        if not rows:
            return
        size = (spec.proxy_width, spec.proxy_height)
        kind = QtGui.QImage.Format.Format_RGBA8888
        across, down = size[0] / spec.width, size[1] / spec.height
        part = QtCore.QRectF(
            rect.x * across, rect.y * down, rect.width * across, rect.height * down
        )
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        target = QtCore.QRectF(0, 0, width, height)
        painter.drawImage(target, QtGui.QImage(rows, *size, 4 * size[0], kind), part)


def _make_plane(plane: bytes, width: int, height: int, kind) -> QtGui.QImage:
    # A copy: an image does not keep the bytes that it was made of.
    return QtGui.QImage(plane, width, height, width, kind).copy()


def _read_pixels(node, place: TileRect, step: int) -> tuple[QtGui.QImage, bytes]:
    """Return every `step`-th pixel of every `step`-th row, with the bytes that it lies on."""
    if step == 1:
        data = node.pixelData(place.x, place.y, place.width, place.height).data()
    else:
        rows = range(place.y, place.y + place.height, step)
        data = b"".join(
            _pick(node.pixelData(place.x, row, place.width, 1).data(), step) for row in rows
        )
    width, height = -(-place.width // step), -(-place.height // step)
    return QtGui.QImage(data, width, height, 4 * width, _ARGB), data


def _draw_strokes(image: QtGui.QImage, document, place: TileRect, step: int) -> None:
    """Draw the strokes, which lie under what hides them on the canvas."""
    layer = find_layer(document)
    bounds = layer.bounds() if layer is not None else QtCore.QRect()
    part = bounds.intersected(QtCore.QRect(place.x, place.y, place.width, place.height))
    if part.width() < 1 or part.height() < 1:
        return
    found = TileRect(part.x(), part.y(), part.width(), part.height())
    strokes, _rows = _read_pixels(layer, found, step)
    painter = QtGui.QPainter(image)
    painter.drawImage((part.x() - place.x) // step, (part.y() - place.y) // step, strokes)
    painter.end()


def _pick(row: bytes, step: int) -> bytes:
    """Return every `step`-th pixel of four bytes."""
    return memoryview(row).cast("I")[::step].tobytes()
