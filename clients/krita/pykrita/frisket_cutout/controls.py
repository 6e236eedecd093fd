"""The docker's fields: what can be chosen, and how it becomes a request."""

from __future__ import annotations

from krita import Document

from frisket.client.options import Edge, Options
from frisket.hosts import link
from frisket.protocol.limits import EDGE_LIMITS

from .qt import QtCore, QtWidgets
from .task import Wish

MAKES = (
    ("mask", "Transparency mask"),
    ("selection-mask", "Selection mask"),
    ("layer", "New layer"),
    ("selection", "Selection"),
)
# Krita 5.1 ends when a plug-in sets the selection it has made, and often when a layer that a
# plug-in has added gets a mask: there only a mask is made.
_MODERN = hasattr(Document, "createTransparencyMask")
QUALITIES = (
    ("draft", "Draft: the coarse mask"),
    ("standard", "Standard: sharp and fast"),
    ("high", "High: finer hair, slower"),
    ("best", "Best: a second network"),
)


class Controls(QtWidgets.QWidget):
    """Model, quality, what to make, and the edge.

    `edge_changed` is emitted a moment after an edge control came to rest.
    """

    edge_changed = QtCore.pyqtSignal()

    def __init__(self, parent) -> None:
        super().__init__(parent)
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        self._model = _menu((("", "The server's own choice"),))
        self._quality = _menu(QUALITIES, "standard")
        self._make = _menu(MAKES if _MODERN else MAKES[:1])
        self._shift = _spin(*EDGE_LIMITS["shift_px"], " px")
        self._feather = _spin(*EDGE_LIMITS["feather_px"], " px")
        self._clean = QtWidgets.QCheckBox("Clean edge colours")
        self._clean.setToolTip("Take the background's colour out of the new layer's edge")
        self._make.currentIndexChanged.connect(lambda *_: self._allow())
        self._allow()
        for label, widget in (
            ("Model", self._model),
            ("Quality", self._quality),
            ("Make", self._make),
            ("Shift edge", self._shift),
            ("Feather", self._feather),
            ("", self._clean),
        ):
            form.addRow(label, widget)
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(400)
        self._rest.timeout.connect(self.edge_changed)
        for spin in (self._shift, self._feather):
            spin.valueChanged.connect(lambda *_: self._rest.start())

    def _allow(self) -> None:
        """Only a new layer has colours of its own to clean."""
        self._clean.setEnabled(self._make.currentData() == "layer")

    def show_models(self, models: tuple[link.ModelChoice, ...]) -> None:
        """Fill the menu of models and keep the one that is chosen."""
        chosen = self._model.currentData()
        self._model.clear()
        self._model.addItem("The server's own choice", "")
        for model in models:
            self._model.addItem(model.name, model.name)
            tip = QtCore.Qt.ItemDataRole.ToolTipRole
            self._model.setItemData(self._model.count() - 1, model.description, tip)
        self._model.setCurrentIndex(max(0, self._model.findData(chosen)))

    def choose(self, **values: str) -> None:
        """Set menus by their values: model, quality, make."""
        for name, value in values.items():
            menu = getattr(self, f"_{name}")
            if menu.findData(value) < 0:
                menu.addItem(value, value)
            menu.setCurrentIndex(menu.findData(value))

    def edge(self) -> Edge:
        """Return the edge controls."""
        return Edge(shift_px=self._shift.value(), feather_px=self._feather.value())

    def wish(self, existing: str) -> Wish:
        """Return what is chosen."""
        make = self._make.currentData()
        options = Options(
            model=self._model.currentData() or "",
            quality=self._quality.currentData(),
            foreground=make == "layer" and self._clean.isChecked(),
            edge=self.edge(),
        )
        return Wish(make, options, existing)


def _menu(entries, chosen: str = "") -> QtWidgets.QComboBox:
    menu = QtWidgets.QComboBox()
    for value, text in entries:
        menu.addItem(text, value)
    if chosen:
        menu.setCurrentIndex(menu.findData(chosen))
    return menu


def _spin(least: float, most: float, unit: str) -> QtWidgets.QDoubleSpinBox:
    spin = QtWidgets.QDoubleSpinBox()
    spin.setRange(least, most)
    spin.setDecimals(1)
    spin.setSuffix(unit)
    return spin
