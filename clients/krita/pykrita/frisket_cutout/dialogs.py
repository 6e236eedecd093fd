"""What the plug-in asks in windows of its own."""

from __future__ import annotations

import dataclasses

from frisket.hosts.language import _
from frisket.hosts.request import EXISTING, phrase_existing
from frisket.hosts.settings import FIELDS, SWITCHES, WORDS, Settings

from .qt import QtWidgets, mark_key
from .targetlayer import find_mask


def ask_existing(parent, nodes: list) -> str:
    """Ask what to do with the masks of layers; empty when the user wants none of it."""
    box = QtWidgets.QMessageBox(parent)
    box.setWindowTitle("Frisket")
    box.setText("\n".join(phrase_existing(node.name()) for node in nodes))
    sentences = [each.sentence for each in EXISTING]
    if not all(find_mask(node).visible() for node in nodes):
        sentences.append(_("A mask that is hidden is shown again when it is intersected."))
    box.setInformativeText("\n".join(sentences))
    role = QtWidgets.QMessageBox.ButtonRole.AcceptRole
    keys = {box.addButton(mark_key(each.button), role): each.key for each in EXISTING}
    box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    return _find_clicked(box, keys)


def ask_frames(parent, node) -> str:
    """Ask which frames of an animated layer are meant: "every", "this", or none."""
    box = QtWidgets.QMessageBox(parent)
    box.setWindowTitle("Frisket")
    box.setText(_("The layer '{name}' is animated.").format(name=node.name()))
    sentences = [
        _("This frame: what is on show becomes a layer of its own, without animation."),
        _("Every key frame: each is cut out in an animated copy of the layer."),
    ]
    # Layers of a group have key frames at times of their own.
    count = 2 if node.type() == "paintlayer" else 1
    box.setInformativeText("\n".join(sentences[:count]))
    role = QtWidgets.QMessageBox.ButtonRole.AcceptRole
    words = [("this", _("_This frame")), ("every", _("_Every key frame"))][:count]
    keys = {box.addButton(mark_key(word), role): key for key, word in words}
    box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    return _find_clicked(box, keys)


def _find_clicked(box, keys: dict) -> str:
    """Run a box; return the key of the button that was clicked, empty for any other."""
    run(box)
    clicked = box.clickedButton()
    return next((key for button, key in keys.items() if button == clicked), "")


def run(dialog) -> int:
    """Run a dialog, by the name that either binding has for it."""
    return dialog.exec() if hasattr(dialog, "exec") else dialog.exec_()


class ServerDialog(QtWidgets.QDialog):
    """Fields for the server's address and how to be let in."""

    def __init__(self, parent, now: Settings) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Frisket: server"))
        self._now = now
        self._switches = {name: QtWidgets.QCheckBox(mark_key(WORDS[name][0])) for name in SWITCHES}
        self._fields = {name: QtWidgets.QLineEdit(getattr(now, name)) for name in FIELDS}
        self._fields["token"].setEchoMode(QtWidgets.QLineEdit.EchoMode.Password)
        for name, switch in self._switches.items():
            switch.setChecked(getattr(now, name))
        for name, widget in (*self._switches.items(), *self._fields.items()):
            widget.setToolTip(WORDS[name][1])
        form = QtWidgets.QFormLayout(self)
        form.addRow(self._switches["remote"])
        for name in FIELDS:
            form.addRow(mark_key(WORDS[name][0]), self._fields[name])
        form.addRow(self._switches["tls"])
        form.addRow(self._make_buttons())

    def _make_buttons(self):
        kinds = QtWidgets.QDialogButtonBox.StandardButton
        buttons = QtWidgets.QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def read(self) -> Settings:
        """Return what is filled in."""
        texts = {name: field.text().strip() for name, field in self._fields.items()}
        switches = {name: box.isChecked() for name, box in self._switches.items()}
        return dataclasses.replace(self._now, **switches, **texts)
