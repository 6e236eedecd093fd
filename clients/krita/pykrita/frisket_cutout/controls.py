"""The docker's fields: what can be chosen, and how it becomes a request."""

from __future__ import annotations

from krita import Document

from frisket.client.options import Edge
from frisket.hosts import link
from frisket.hosts.language import _, drop_key
from frisket.hosts.request import (
    CONTROLS,
    EDGE_WORDS,
    PIXEL_CONTROLS,
    QUALITIES,
    REFINE_PX,
    SERVER_CHOICE,
    CutRequest,
    choose_results,
)
from frisket.hosts.titles import title_models
from frisket.protocol.limits import EDGE_LIMITS

from .qt import QtCore, QtWidgets, mark_key

# What Krita calls a mask on a layer.
_LABELS = {"mask": _("Transparency mask")}
RESULTS = choose_results("mask", "selection-mask", "layer", "selection")
# Krita 5.1 ends when a plug-in sets the selection it has made, and often when a layer that a
# plug-in has added gets a mask: there only a mask is made.
_MODERN = hasattr(Document, "createTransparencyMask")
# Letters that Krita's menus leave to the docker; the other controls go without.
_MARKED = ("shift_px", "drop_specks")
_REFINE_TIP = _(
    "How far from the edge of an old mask Refine searches; 0 leaves it to the layer's size"
)


class Controls(QtWidgets.QWidget):
    """Model, quality, what to make, and the edge.

    `edge_changed` is emitted a moment after an edge control came to rest.
    """

    edge_changed = QtCore.pyqtSignal()

    def __init__(self, parent) -> None:
        super().__init__(parent)
        results = RESULTS if _MODERN else RESULTS[:1]
        self._model = _make_menu([("", SERVER_CHOICE)], _("What searches for the subject"))
        self._quality = _make_menu(
            [(each.key, each.line) for each in QUALITIES], _("How much work the edge gets")
        )
        entries = [(each.key, _LABELS.get(each.key, each.label)) for each in results]
        self._make = _make_menu(entries, _("What the cutout becomes"))
        self._clean = QtWidgets.QCheckBox(mark_key(_("Clean edge colo_urs")))
        self._clean.setToolTip(_("Take the background's colour out of the new layer's edge"))
        self._make.currentIndexChanged.connect(lambda *_event: self._allow())
        self._spins = {name: _make_edge_spin(name) for name in EDGE_WORDS}
        self._refine = _make_spin(REFINE_PX, 0, " px", _REFINE_TIP)
        self._refine.setObjectName("refine_px")
        self.choose(quality=CutRequest.quality)
        self._allow()
        self._lay_out()
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(400)
        self._rest.timeout.connect(self.edge_changed)
        for spin in self._spins.values():
            spin.valueChanged.connect(lambda *_event: self._rest.start())

    def _lay_out(self) -> None:
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(drop_key(_("_Model")), self._model)
        form.addRow(mark_key(_("_Quality")), self._quality)
        form.addRow(drop_key(_("Ma_ke")), self._make)
        for name in PIXEL_CONTROLS:
            form.addRow(_label_edge(name), self._spins[name])
        more = QtWidgets.QToolButton()
        more.setText(_("More of the edge"))
        more.setToolTip(_("Contrast, smoothness, holes and specks, and how far Refine searches"))
        more.setCheckable(True)
        form.addRow("", more)
        box = QtWidgets.QWidget()
        inner = QtWidgets.QFormLayout(box)
        inner.setContentsMargins(0, 0, 0, 0)
        for name in CONTROLS:
            inner.addRow(_label_edge(name), self._spins[name])
        inner.addRow(_("Refine within"), self._refine)
        form.addRow(box)
        box.hide()
        more.toggled.connect(box.setVisible)
        form.addRow("", self._clean)

    def _allow(self) -> None:
        """Only a new layer has colours of its own to clean."""
        self._clean.setEnabled(self._make.currentData() == "layer")

    def show_models(self, models: tuple[link.ModelChoice, ...]) -> None:
        """Fill the menu of models and keep the one that is chosen."""
        chosen = self._model.currentData()
        self._model.clear()
        self._model.addItem(SERVER_CHOICE, "")
        for model, title in zip(models, title_models(models), strict=True):
            self._model.addItem(title, model.name)
            tip = QtCore.Qt.ItemDataRole.ToolTipRole
            text = f"{model.name}: {model.description}"
            self._model.setItemData(self._model.count() - 1, text, tip)
        self._model.setCurrentIndex(max(0, self._model.findData(chosen)))

    def choose(self, **values: str) -> None:
        """Set menus by their values: model, quality, make."""
        for name, value in values.items():
            menu = getattr(self, f"_{name}")
            if menu.findData(value) < 0:
                menu.addItem(value, value)
            menu.setCurrentIndex(menu.findData(value))

    def show_edge(self, edge: Edge) -> None:
        """Show an edge without asking anybody to follow it."""
        for name, spin in self._spins.items():
            blocked = spin.blockSignals(True)
            spin.setValue(getattr(edge, name))
            spin.blockSignals(blocked)
        self._rest.stop()

    def read_edge(self) -> Edge:
        """Return the edge controls."""
        return Edge(**{name: spin.value() for name, spin in self._spins.items()})

    def read_request(self) -> CutRequest:
        """Return what is chosen."""
        return CutRequest(
            make=self._make.currentData(),
            model=self._model.currentData() or "",
            quality=self._quality.currentData(),
            edge=self.read_edge(),
            refine_px=self._refine.value(),
            decontaminate=self._clean.isChecked(),
        )


def narrow(menu: QtWidgets.QComboBox) -> None:
    """Keep a menu from widening the docker by its longest entry."""
    policy = QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    menu.setSizeAdjustPolicy(policy)
    menu.setMinimumContentsLength(12)


def _make_menu(entries, tip: str) -> QtWidgets.QComboBox:
    menu = QtWidgets.QComboBox()
    menu.setToolTip(tip)
    narrow(menu)
    for value, text in entries:
        menu.addItem(text, value)
    return menu


def _label_edge(name: str) -> str:
    label, _tip = EDGE_WORDS[name]
    return mark_key(label) if name in _MARKED else drop_key(label)


def _make_edge_spin(name: str) -> QtWidgets.QDoubleSpinBox:
    decimals, unit = (1, " px") if name in PIXEL_CONTROLS else (2, "")
    spin = _make_spin(EDGE_LIMITS[name], decimals, unit, EDGE_WORDS[name][1])
    spin.setObjectName(name)
    return spin


def _make_spin(
    limits: tuple[float, float], decimals: int, unit: str, tip: str
) -> QtWidgets.QDoubleSpinBox:
    spin = QtWidgets.QDoubleSpinBox()
    spin.setRange(*limits)
    spin.setDecimals(decimals)
    if decimals > 1:
        spin.setSingleStep(0.05)
    spin.setSuffix(unit)
    spin.setToolTip(tip)
    return spin
