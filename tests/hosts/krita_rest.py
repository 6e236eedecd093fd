"""What Krita needs a moment for, however busy the machine is.

It ends when an image is redrawn before its canvas was painted the first time, and it does not
hear of an undo while an image is at work.
"""

import time

from krita import Krita

try:
    from PyQt6 import QtCore, QtWidgets
except ImportError:
    from PyQt5 import QtCore, QtWidgets

_CANVASES = ("KisOpenGLCanvas2", "KisQPainterCanvas")
_PATIENCE_S = 20.0


class _Paints(QtCore.QObject):
    """Notices that a widget was painted."""

    def __init__(self, widget):
        super().__init__()
        self.seen = False
        widget.installEventFilter(self)
        widget.update()

    def eventFilter(self, _widget, event):  # noqa: N802
        self.seen = self.seen or event.type() == QtCore.QEvent.Type.Paint
        return False


def show(doc):
    """Open a view of a document in front, and wait until its canvas was painted."""
    window = Krita.instance().activeWindow()
    known = _list_canvases(window)
    window.addView(doc)
    Krita.instance().setActiveDocument(doc)
    end, paints = time.monotonic() + _PATIENCE_S, None
    while paints is None or not paints.seen:
        QtWidgets.QApplication.processEvents()
        time.sleep(0.01)
        fresh = [each for each in _list_canvases(window) if each not in known]
        if paints is None and fresh:
            paints = _Paints(fresh[0])
        assert time.monotonic() < end, "the canvas is not painted"


def _list_canvases(window):
    widgets = window.qwindow().centralWidget().findChildren(QtWidgets.QWidget)
    return [each for each in widgets if each.metaObject().className() in _CANVASES]


def pressed(name):
    """Trigger an action of Krita's once the image is at rest; a person would press it again."""
    doc = Krita.instance().activeDocument()
    end = time.monotonic() + _PATIENCE_S
    while not _is_at_rest(doc):
        assert time.monotonic() < end, "the image does not come to rest"
        yield 20
    Krita.instance().action(name).trigger()


def _is_at_rest(doc):
    if not doc.tryBarrierLock():
        return False
    doc.unlock()
    return True
