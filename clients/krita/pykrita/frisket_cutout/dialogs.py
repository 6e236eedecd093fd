"""What the plug-in asks and shows in windows of its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from krita import Krita

from frisket.client import discovery
from frisket.hosts import link, selfcheck, settings
from frisket.protocol.home import run_folder

from .qt import QtWidgets

EXISTING = (
    ("replace", "Replace", "forget the mask that is there"),
    ("intersect", "Intersect", "keep only what both masks show"),
    ("refine", "Refine", "keep the mask and search its edge anew"),
)


def ask_existing(parent, name: str) -> str:
    """Ask what to do with a layer's mask; empty when the user wants none of it."""
    box = QtWidgets.QMessageBox(parent)
    box.setWindowTitle("Frisket")
    box.setText(f"The layer '{name}' has a mask already.")
    box.setInformativeText("\n".join(f"{title}: {blurb}." for _, title, blurb in EXISTING))
    role = QtWidgets.QMessageBox.ButtonRole.AcceptRole
    buttons = {box.addButton(title, role): key for key, title, _ in EXISTING}
    cancel = box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    box.exec() if hasattr(box, "exec") else box.exec_()
    clicked = box.clickedButton()
    if clicked is None or clicked == cancel:
        return ""
    return next((key for button, key in buttons.items() if button == clicked), "")


class ServerDialog(QtWidgets.QDialog):
    """Fields for the server's address and how to be let in."""

    def __init__(self, parent, now: settings.Settings) -> None:
        super().__init__(parent)
        self.setWindowTitle("Frisket: server")
        self._now = now
        form = QtWidgets.QFormLayout(self)
        self._remote = QtWidgets.QCheckBox("Use a server on another computer")
        self._tls = QtWidgets.QCheckBox("Encrypt (TLS)")
        self._remote.setChecked(now.remote)
        self._tls.setChecked(now.tls)
        self._fields = {
            name: QtWidgets.QLineEdit(getattr(now, name)) for name in ("target", "token", "ca_file")
        }
        self._fields["token"].setEchoMode(QtWidgets.QLineEdit.EchoMode.Password)
        form.addRow(self._remote)
        labels = ("Address (host:port)", "Token", "Certificate file (optional)")
        for label, field in zip(labels, self._fields.values()):  # noqa: B905
            form.addRow(label, field)
        form.addRow(self._tls)
        form.addRow(self._buttons())

    def _buttons(self):
        kinds = QtWidgets.QDialogButtonBox.StandardButton
        buttons = QtWidgets.QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def value(self) -> settings.Settings:
        """Return what is filled in."""
        texts = {name: field.text().strip() for name, field in self._fields.items()}
        return dataclasses.replace(
            self._now, remote=self._remote.isChecked(), tls=self._tls.isChecked(), **texts
        )


def diagnose(folder: Path) -> tuple[str, Path]:
    """Write the diagnostics; return them and where they are. Not for the main thread."""
    text = selfcheck.report(
        "Krita", Krita.instance().version(), folder, "__init__.py", settings.load(folder)
    )
    path = run_folder() / "krita-diagnostics.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text, path


def ask_server_info(folder: Path) -> link.ServerInfo | str:
    """Return what the server says, or why it does not. Not for the main thread."""
    chosen = settings.load(folder)
    if not chosen.remote and discovery.find() is None:
        return "No server runs yet. It is started when it is needed."
    try:
        return link.ask(link.connector(chosen))
    except Exception as error:
        return link.explain(error)
