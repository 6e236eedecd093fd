"""Every window of the plug-in by keys alone: Tab reaches all of it, Enter and Escape leave."""

import krita_kit as kit
import lab_kit
from krita_kit import QtCore, QtWidgets

try:
    from PyQt6 import QtGui
except ImportError:
    from PyQt5 import QtGui

_KINDS = (
    QtWidgets.QAbstractButton,
    QtWidgets.QLineEdit,
    QtWidgets.QComboBox,
    QtWidgets.QAbstractSpinBox,
    QtWidgets.QAbstractSlider,
)
_MOST_TABS, _ROW = 600, 12
_KEYS = QtCore.Qt.Key


def list_controls(part):
    """What a person can use in a part of a window; parts of a control count as it."""
    found = [each for kind in _KINDS for each in part.findChildren(kind)]
    usable = [each for each in found if each.isVisible() and each.isEnabled()]
    inner = (QtWidgets.QAbstractSpinBox, QtWidgets.QComboBox, QtWidgets.QScrollArea)
    return [one for one in usable if not isinstance(one.parent(), inner) and not _is_bar(one)]


def _is_bar(widget):
    return isinstance(widget, QtWidgets.QScrollBar)


def press(widget, key):
    kinds = QtCore.QEvent.Type
    none = QtCore.Qt.KeyboardModifier.NoModifier
    for kind in (kinds.KeyPress, kinds.KeyRelease):
        QtWidgets.QApplication.sendEvent(widget, QtGui.QKeyEvent(kind, key, none))


def walk(window, part):
    """Press Tab in a window until all of a part was in focus; return what never was.

    Where it goes upwards it says so too: what is seen first comes first.
    """
    missed = list_controls(part)
    assert missed, "there is nothing to use"
    wrong, last = [], 0
    for _step in range(_MOST_TABS):
        front = window.focusWidget()
        if front in missed:
            missed.remove(front)
            at = front.mapTo(part, QtCore.QPoint(0, front.height())).y()
            wrong += ["upwards to " + _name(front)] if at < last - _ROW else []
            last = at
        if not missed:
            break
        press(front or window, _KEYS.Key_Tab)
    return [*map(_name, missed), *wrong]


def _name(control):
    return f"{type(control).__name__} {control.toolTip() or control.objectName()}"


def look(act, told):
    """Do something with the next window that asks, once it is there."""

    def wait(times):
        window = QtWidgets.QApplication.activeModalWidget()
        if window is None and times:
            QtCore.QTimer.singleShot(200, lambda: wait(times - 1))
            return
        try:
            told.append(act(window))
        finally:
            if window is not None and window.isVisible():
                window.reject()

    QtCore.QTimer.singleShot(400, lambda: wait(100))


def walk_and_leave(key):
    """Return what walks through a window, then leaves it by a key."""

    def act(window):
        missed = walk(window, window)
        for field in window.findChildren(QtWidgets.QLineEdit)[:1]:
            field.setFocus()  # a button that is in front takes Enter for itself
        press(window.focusWidget() or window, key)
        return missed, window.isVisible(), window.result()

    return act


@kit.on_document(300, 200)
def case_tab_reaches_every_control_of_the_docker(_doc, _layer):
    dock = kit.docker()
    yield 500
    dock.cut_button.setFocus()
    missed = walk(dock.window(), dock.widget().widget())  # in what is scrolled
    assert not missed, missed


@kit.on_document(300, 200)
def case_the_server_is_chosen_by_keys(_doc, _layer):
    told = []
    button = next(one for one in kit.buttons() if one.toolTip() == "Choose the server")
    for key in (_KEYS.Key_Escape, _KEYS.Key_Return):
        look(walk_and_leave(key), told)
        press(button, _KEYS.Key_Space)
        yield 300
    assert told == [([], False, 0), ([], False, 1)], told
    lab_kit.SETTINGS.unlink()


@kit.on_document(300, 200)
def case_a_mask_that_is_there_is_asked_about_by_keys(doc, layer):
    yield from kit.cut()
    before = kit.mask_planes(layer, doc)
    told = []
    look(walk_and_leave(_KEYS.Key_Escape), told)
    kit.docker().cut()
    yield 500
    assert [one[:2] for one in told] == [([], False)], told
    assert kit.mask_planes(layer, doc) == before and kit.docker().task is None
