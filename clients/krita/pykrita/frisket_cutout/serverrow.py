"""The docker's first row: a light for the server, its settings, and the check."""

from __future__ import annotations

import threading

from krita import Krita

from frisket.client import discovery
from frisket.client.h2_transport import H2Transport
from frisket.hosts import link, settings
from frisket.hosts.language import _

from . import dialogs
from .installed import PLUGIN
from .qt import QtCore, QtWidgets

_COLOURS = {"on": "#3a9d3a", "starting": "#c9a227", "off": "#888888", "error": "#c0392b"}
_BUTTON_ROOM = 14
_NOT_NEEDED = _("No server runs yet. It is started when it is needed.")


class ServerRow(QtWidgets.QWidget):
    """Shows how the server is. Everything here runs on the main thread.

    `models_known` and `said` tell the docker; `starting` may be emitted on any thread.
    """

    models_known = QtCore.pyqtSignal(object)
    said = QtCore.pyqtSignal(str)
    starting = QtCore.pyqtSignal()
    _answered = QtCore.pyqtSignal(object)
    _diagnosed = QtCore.pyqtSignal(str, str)

    def __init__(self, parent) -> None:
        super().__init__(parent)
        self._light = QtWidgets.QLabel(self)
        self._light.setWordWrap(True)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._light, 1)
        row.addWidget(make_button(self, _("Server..."), _("Choose the server"), self.ask))
        tip = _("Check the installation and write down what a report of a fault needs")
        row.addWidget(make_button(self, _("Check"), tip, self.diagnose))
        self._answered.connect(self._show_answer)
        self._diagnosed.connect(self._show_report)
        self.starting.connect(lambda: self.shine("starting", _("Starting the server...")))
        self.shine("off", _("No server looked for yet."))

    def shine(self, state: str, text: str, tip: str = "") -> None:
        """Show a light of a colour, a text beside it, and a tooltip where it is not the text."""
        self._light.setText(f"<span style='color:{_COLOURS[state]}'>&#9679;</span> {text}")
        self._light.setToolTip(tip or text)

    def look(self) -> None:
        """Ask the server for its models, beside the main thread."""
        work = lambda: self._answered.emit(_ask_running())  # noqa: E731
        threading.Thread(target=work, name="frisket-server", daemon=True).start()

    def ask(self, *_event) -> None:
        """Let the user choose the server."""
        dialog = dialogs.ServerDialog(self, PLUGIN.load_settings())
        if dialogs.run(dialog):
            settings.save(dialog.read())
            self.look()

    def diagnose(self, *_event) -> None:
        """Check the installation; the result is written down and shown."""

        def work() -> None:
            text, path = PLUGIN.diagnose(Krita.instance().version())
            self._diagnosed.emit(text, str(path))

        threading.Thread(target=work, name="frisket-check", daemon=True).start()

    def _show_answer(self, answer: link.ServerInfo | str) -> None:
        if isinstance(answer, str):
            self.shine("off" if answer == _NOT_NEEDED else "error", answer)
            return
        tip = _("Server {version}, {device}").format(version=answer.version, device=answer.device)
        self.shine("on", _("Ready"), tip)
        self.models_known.emit(answer.models)

    def _show_report(self, text: str, path: str) -> None:
        failed = [line[5:] for line in text.splitlines() if line.startswith("FAIL")]
        found = f"{failed[0]}." if failed else _("All is well.")
        self.said.emit(f"{found} {_('Written to {path}').format(path=path)}")


def _ask_running() -> link.ServerInfo | str:
    """Return what the server says, or why it does not; start none. Not for the main thread."""
    chosen = PLUGIN.load_settings()
    if not chosen.remote and discovery.find(H2Transport) is None:
        return _NOT_NEEDED
    return link.ask_or_explain(link.make_connector(chosen))


def make_button(parent, text: str, tip: str, press) -> QtWidgets.QPushButton:
    """Return a button."""
    button = QtWidgets.QPushButton(text, parent)
    button.setToolTip(tip)
    # Narrower than the style would have it: dockers are narrow.
    button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + _BUTTON_ROOM)
    button.clicked.connect(press)
    return button
