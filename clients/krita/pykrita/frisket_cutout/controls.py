"""The docker's fields: what can be chosen, and how it becomes a request."""

from __future__ import annotations

from krita import Document

from frisket.client.options import Edge
from frisket.hosts import link
from frisket.hosts.request import (
    FEATHER_PX,
    QUALITIES,
    SERVER_CHOICE,
    SHIFT_PX,
    CutRequest,
    choose_results,
)

from .qt import QtCore, QtWidgets

# What Krita calls a mask on a layer.
_LABELS = {"mask": "Transparency mask"}
RESULTS = choose_results("mask", "selection-mask", "layer", "selection")
# Krita 5.1 ends when a plug-in sets the selection it has made, and often when a layer that a
# plug-in has added gets a mask: there only a mask is made.
_MODERN = hasattr(Document, "createTransparencyMask")


class Controls(QtWidgets.QWidget):
    """Model, quality, what to make, and the edge.

    `edge_changed` is emitted a moment after an edge control came to rest.
    """

    edge_changed = QtCore.pyqtSignal()

    def __init__(self, parent) -> None:
        super().__init__(parent)
        results = RESULTS if _MODERN else RESULTS[:1]
        self._model = _make_menu([("", SERVER_CHOICE)])
        self._quality = _make_menu([(each.key, each.line) for each in QUALITIES])
        self._make = _make_menu([(each.key, _LABELS.get(each.key, each.label)) for each in results])
        self._shift = _make_spin(SHIFT_PX)
        self._feather = _make_spin(FEATHER_PX)
        self._clean = QtWidgets.QCheckBox("Clean edge colours")
        self._clean.setToolTip("Take the background's colour out of the new layer's edge")
        self._make.currentIndexChanged.connect(lambda *_: self._allow())
        self.choose(quality=CutRequest.quality)
        self._allow()
        self._lay_out()
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(400)
        self._rest.timeout.connect(self.edge_changed)
        for spin in (self._shift, self._feather):
            spin.valueChanged.connect(lambda *_: self._rest.start())

    def _lay_out(self) -> None:
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for label, widget in (
            ("Model", self._model),
            ("Quality", self._quality),
            ("Make", self._make),
            ("Shift edge", self._shift),
            ("Feather", self._feather),
            ("", self._clean),
        ):
            form.addRow(label, widget)

    def _allow(self) -> None:
        """Only a new layer has colours of its own to clean."""
        self._clean.setEnabled(self._make.currentData() == "layer")

    def show_models(self, models: tuple[link.ModelChoice, ...]) -> None:
        """Fill the menu of models and keep the one that is chosen."""
        chosen = self._model.currentData()
        self._model.clear()
        self._model.addItem(SERVER_CHOICE, "")
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

    def read_edge(self) -> Edge:
        """Return the edge controls."""
        return Edge(shift_px=self._shift.value(), feather_px=self._feather.value())

    def read_request(self, existing: str = CutRequest.existing) -> CutRequest:
        """Return what is chosen.

        Args:
            existing: what to do with a mask that is there.
        """
        return CutRequest(
            make=self._make.currentData(),
            existing=existing,
            model=self._model.currentData() or "",
            quality=self._quality.currentData(),
            edge=self.read_edge(),
            decontaminate=self._clean.isChecked(),
        )


def _make_menu(entries) -> QtWidgets.QComboBox:
    menu = QtWidgets.QComboBox()
    for value, text in entries:
        menu.addItem(text, value)
    return menu


def _make_spin(limits: tuple[float, float]) -> QtWidgets.QDoubleSpinBox:
    spin = QtWidgets.QDoubleSpinBox()
    spin.setRange(*limits)
    spin.setDecimals(1)
    spin.setSuffix(" px")
    return spin
