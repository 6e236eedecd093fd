"""The docker's rows for strokes and views."""

from __future__ import annotations

from frisket.hosts.language import _, drop_key

from .controls import narrow
from .marking import PALETTES, Marker
from .qt import QtCore, QtWidgets, mark_key
from .serverrow import make_button
from .views import VIEWS

# Label, explanation, and what is said when it is chosen.
_KINDS = {
    "keep": (
        mark_key(_("_Keep")),
        _("What you paint belongs to the subject"),
        _("Paint what belongs to the subject, then wait a moment."),
    ),
    "remove": (
        mark_key(_("Rem_ove")),
        _("What you paint does not belong to the subject"),
        _("Paint what does not belong to the subject, then wait a moment."),
    ),
    "hair": (
        mark_key(_("H_air")),
        _("Brush over hair or fur at the edge: it is searched anew there, as wide as the brush"),
        _("Brush over the edge where hair is, then wait a moment."),
    ),
}


class MarkRow(QtWidgets.QWidget):
    """Buttons for the kinds of strokes, their colours, and how the cutout is looked at.

    `wanted` names a kind of strokes, `cleared` and `view_changed` tell of what was pressed.
    """

    wanted = QtCore.pyqtSignal(str)
    cleared = QtCore.pyqtSignal()
    view_changed = QtCore.pyqtSignal()

    def __init__(self, parent) -> None:
        super().__init__(parent)
        self._marker = Marker()
        self._buttons = {kind: self._make_button(kind) for kind in _KINDS}
        tip = _("Take all strokes away and give the brush its colour back")
        self._clear = make_button(self, _("Clear"), tip, lambda *_event: self.cleared.emit())
        self._palette = QtWidgets.QComboBox(self)
        self._palette.setToolTip(_("The colours that keep and remove"))
        self._view = QtWidgets.QComboBox(self)
        self._view.setToolTip(_("How the open cutout is shown; the image itself stays as it is"))
        for menu, entries in ((self._palette, PALETTES), (self._view, VIEWS)):
            narrow(menu)
            for key, text in entries:
                menu.addItem(text, key)
        self._palette.currentIndexChanged.connect(self._choose_palette)
        self._view.currentIndexChanged.connect(lambda *_event: self.view_changed.emit())
        self._viewed_before: str | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        row = QtWidgets.QHBoxLayout()
        for button in (*self._buttons.values(), self._clear):
            row.addWidget(button)
        column.addLayout(row)
        form = QtWidgets.QFormLayout()
        form.addRow(_("Strokes"), self._palette)
        form.addRow(drop_key(_("_View")), self._view)
        column.addLayout(form)

    def _make_button(self, kind: str):
        label, tip, _said = _KINDS[kind]
        button = make_button(self, label, tip, lambda *_event: self.wanted.emit(kind))
        button.setCheckable(True)
        return button

    def take(self, document, kind: str) -> str:
        """Take the brush for a kind of strokes; return what to tell the user."""
        self._marker.take(document, kind)
        self._show_kind()
        return _KINDS[kind][2]

    def give_back(self) -> None:
        """Give the brush back as it was, and the view as well."""
        self._marker.give_back()
        self._show_kind()
        if self._viewed_before is not None:
            self.choose_view(self._viewed_before)
            self._viewed_before = None

    def look_through(self) -> None:
        """Show the picture under the mask while it is marked, unless a view was chosen."""
        if self._viewed_before is None and not self.read_view():
            self._viewed_before = ""
            self.choose_view("overlay")

    def choose_view(self, key: str) -> None:
        """Choose one of `VIEWS`."""
        self._view.setCurrentIndex(self._view.findData(key))

    def read_view(self) -> str:
        """Return the chosen one of `VIEWS`."""
        return self._view.currentData()

    def choose_palette(self, key: str) -> None:
        """Choose one of `PALETTES`."""
        self._palette.setCurrentIndex(self._palette.findData(key))

    def _choose_palette(self, *_event) -> None:
        self._marker.choose_palette(self._palette.currentData())

    def _show_kind(self) -> None:
        for kind, button in self._buttons.items():
            button.setChecked(kind == self._marker.kind)
            # Some themes hardly show that a button is pressed.
            font = button.font()
            font.setBold(button.isChecked())
            button.setFont(font)
