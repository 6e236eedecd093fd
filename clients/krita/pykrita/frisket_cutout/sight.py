"""Which part of an image is in sight. For the main thread.

Krita's API tells the zoom and the rotation and not the centre; that stands in the scroll
bars of the canvas, whose middle is the middle of the image.
"""

from __future__ import annotations

from krita import Krita

from frisket.hosts.planes import intersect
from frisket.protocol.grid import TileRect

from .qt import QtCore, QtGui, QtWidgets

_POINTS = 72.0


def find_sight(document, region: TileRect) -> TileRect | None:
    """Return what of a region is in sight, in pixels from the region's corner.

    None when the document is not in front, or nothing of the region is to be seen.
    """
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    area = _find_canvas(window) if view is not None and view.document() == document else None
    if area is None:
        return None
    seen = _to_image(document, view.canvas(), area).mapRect(QtCore.QRectF(area.viewport().rect()))
    left, top = int(seen.left()) - region.x, int(seen.top()) - region.y
    rect = TileRect(left, top, int(seen.width()) + 1, int(seen.height()) + 1)
    return intersect(rect, region.width, region.height)


def _find_canvas(window):
    """Return the scrolled area of the image in front."""
    areas = window.qwindow().centralWidget().findChildren(QtWidgets.QMdiArea)
    front = areas[0].activeSubWindow() if areas else None
    if front is None:
        return None
    found = front.findChildren(QtWidgets.QAbstractScrollArea)
    canvases = (each for each in found if each.metaObject().className() == "KisCanvasController")
    return next(canvases, None)


def _to_image(document, canvas, area) -> QtGui.QTransform:
    """Return what takes a point of the scrolled area to a pixel of the image."""
    zoom = canvas.zoomLevel() * _POINTS / document.resolution()
    to_area = QtGui.QTransform()
    middle = QtCore.QRectF(area.viewport().rect()).center()
    to_area.translate(middle.x(), middle.y())
    to_area.translate(
        -_measure_offset(area.horizontalScrollBar()), -_measure_offset(area.verticalScrollBar())
    )
    to_area.rotate(canvas.rotation())
    to_area.scale(-zoom if canvas.mirror() else zoom, zoom)
    to_area.translate(-document.width() / 2, -document.height() / 2)
    back, _ = to_area.inverted()
    return back


def _measure_offset(bar) -> float:
    return bar.value() - (bar.minimum() + bar.maximum()) / 2
