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
    found = find_canvas(document)
    if found is None:
        return None
    area, to_area = found
    to_image, _ = to_area.inverted()
    seen = to_image.mapRect(QtCore.QRectF(area.viewport().rect()))
    left, top = int(seen.left()) - region.x, int(seen.top()) - region.y
    rect = TileRect(left, top, int(seen.width()) + 1, int(seen.height()) + 1)
    return intersect(rect, region.width, region.height)


def find_canvas(document):
    """Return the scrolled area that shows a document, and what takes its pixels there.

    None when the document is not in front.
    """
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    if view is None or view.document() != document:
        return None
    area = _find_area(window)
    return (area, _map_image(document, view.canvas(), area)) if area is not None else None


def _find_area(window):
    """Return the scrolled area of the image in front."""
    areas = window.qwindow().centralWidget().findChildren(QtWidgets.QMdiArea)
    front = areas[0].activeSubWindow() if areas else None
    if front is None:
        return None
    found = front.findChildren(QtWidgets.QAbstractScrollArea)
    canvases = (each for each in found if each.metaObject().className() == "KisCanvasController")
    return next(canvases, None)


def _map_image(document, canvas, area) -> QtGui.QTransform:
    """Return what takes a pixel of the image to a point of the scrolled area."""
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
    return to_area


def _measure_offset(bar) -> float:
    return bar.value() - (bar.minimum() + bar.maximum()) / 2
