"""The docker: choices, one button, progress, and a light for the server."""

from __future__ import annotations

import threading
from pathlib import Path

from krita import DockWidget, Krita

from frisket.hosts import link, settings

from . import dialogs, hints
from .controls import Controls
from .place import Refused, current, mask_of
from .qt import QtCore, QtWidgets
from .task import Task

FOLDER = Path(__file__).resolve().parent
_COLOURS = {"on": "#3a9d3a", "starting": "#c9a227", "off": "#888888", "error": "#c0392b"}
# One docker for each window.
_DOCKERS: list[CutoutDocker] = []


class CutoutDocker(DockWidget):
    """Frisket's docker. Everything here runs on the main thread."""

    _answered = QtCore.pyqtSignal(object)
    _starting = QtCore.pyqtSignal()
    _reported = QtCore.pyqtSignal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Frisket")
        self.task: Task | None = None
        self._build()
        self._answered.connect(self._show_server)
        self._starting.connect(lambda: self._light("starting", "Starting the server..."))
        self._reported.connect(self._show_report)
        _DOCKERS.append(self)
        QtCore.QTimer.singleShot(1500, self.look_for_server)

    @staticmethod
    def in_front() -> CutoutDocker:
        """Return the docker of the window that is in front."""
        front = (each for each in reversed(_DOCKERS) if each.window().isActiveWindow())
        return next(front, _DOCKERS[-1])

    def _build(self) -> None:
        body = QtWidgets.QWidget(self)
        column = QtWidgets.QVBoxLayout(body)
        self.controls = Controls(body)
        self.controls.edge_changed.connect(self._edge)
        self.bar = QtWidgets.QProgressBar(body)
        self.bar.setRange(0, 1000)
        self.status = QtWidgets.QLabel(body)
        self.status.setWordWrap(True)
        self.light = QtWidgets.QLabel(body)
        column.addLayout(self._server_row(body))
        column.addWidget(self.controls)
        column.addLayout(self._button_row(body))
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addStretch()
        self.setWidget(body)
        self._light("off", "No server looked for yet.")
        self._busy(False)

    def _server_row(self, body):
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.light, 1)
        for text, tip, pressed in (
            ("Server...", "Choose the server", self.ask_server),
            ("Check", "Check the installation and collect diagnostics", self.diagnose),
        ):
            row.addWidget(_button(body, text, tip, pressed))
        return row

    def _button_row(self, body):
        row = QtWidgets.QHBoxLayout()
        self.cut_button = _button(body, "Cut out", "Cut the active layer out", self.cut)
        self.mark_button = _button(
            body,
            "Mark",
            "Paint green on the subject and red beside it; the mask follows. "
            "Press again to take the strokes away",
            self.mark,
        )
        self.cancel_button = _button(body, "Cancel", "Stop", self.cancel)
        for button in (self.cut_button, self.mark_button, self.cancel_button):
            row.addWidget(button)
        return row

    def canvasChanged(self, canvas) -> None:
        """Do nothing: a cutout goes on while another image is looked at."""

    # ---------------------------------------------------------------- cutting

    def cut(self, *_) -> None:
        """Cut the active layer out with what is chosen."""
        try:
            document, node = current()
        except Refused as error:
            self.say(str(error))
            return
        existing = self._existing(node)
        if not existing:
            return
        self.start(document, node, self.controls.wish(existing))

    def start(self, document, node, wish) -> Task:
        """Start a cutout; an older one is ended first."""
        self.cancel()
        connect = link.connector(settings.load(FOLDER), self._starting.emit)
        self.task = task = Task(document, node, wish, connect)
        task.progressed.connect(lambda share, text: self._progress(task, share, text))
        task.completed.connect(lambda text: self._completed(task, text))
        task.ended.connect(lambda text, quiet: self._ended(task, text))
        self._busy(True)
        task.start()
        return task

    def cancel(self, *_) -> None:
        """Stop the cutout that is under way."""
        if self.task is not None:
            self.task.cancel()

    def mark(self, *_) -> None:
        """Add the annotation layer for strokes, or take it away."""
        try:
            document, _node = current()
        except Refused as error:
            self.say(str(error))
            return
        if hints.find_layer(document) is not None:
            hints.remove_layer(document)
            self.say("The strokes are gone.")
            return
        hints.add_layer(document)
        self.say("Paint green on the subject and red beside it, then wait a moment.")

    def _existing(self, node) -> str:
        """Ask what to do with a mask that is there; empty to do nothing."""
        if mask_of(node) is None or self.controls.wish("").make != "mask":
            return "replace"
        return dialogs.ask_existing(self, node.name())

    def _edge(self) -> None:
        # With another document in front it is meant for the next cutout.
        if self.task is not None and self.task.belongs_to(Krita.instance().activeDocument()):
            self.task.change(self.controls.edge())

    # --------------------------------------------------------------- progress

    def _progress(self, task: Task, share: float, text: str) -> None:
        if task is self.task:
            self.bar.setValue(round(1000 * share))
            self.say(f"{text}...")
            self._light("on", "Server connected.") if share > 0.1 else None

    def _completed(self, task: Task, text: str) -> None:
        if task is self.task:
            self.bar.setValue(1000)
            self.say(text)
            self._busy(False)
            self.look_for_server()

    def _ended(self, task: Task, text: str) -> None:
        if task is self.task:
            self.task = None
            self._busy(False)
            self.bar.setValue(0)
            if text:
                self.say(text)

    def _busy(self, busy: bool) -> None:
        self.cut_button.setEnabled(not busy)
        self.cancel_button.setEnabled(busy)

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.status.setText(text)

    # ----------------------------------------------------------------- server

    def look_for_server(self) -> None:
        """Ask the server for its models, beside the main thread."""
        work = lambda: self._answered.emit(dialogs.ask_server_info(FOLDER))  # noqa: E731
        threading.Thread(target=work, name="frisket-server", daemon=True).start()

    def _show_server(self, answer) -> None:
        if isinstance(answer, str):
            self._light("off" if "needed" in answer else "error", answer)
            return
        self._light("on", f"Server {answer.version}, {answer.device}")
        self.controls.show_models(answer.models)

    def _light(self, state: str, text: str) -> None:
        self.light.setText(f"<span style='color:{_COLOURS[state]}'>&#9679;</span> {text}")
        self.light.setToolTip(text)

    def ask_server(self, *_) -> None:
        """Let the user choose the server."""
        dialog = dialogs.ServerDialog(self, settings.load(FOLDER))
        answer = dialog.exec() if hasattr(dialog, "exec") else dialog.exec_()
        if answer:
            settings.save(dialog.value())
            self.look_for_server()

    def diagnose(self, *_) -> None:
        """Check the installation; the result is written down and shown."""

        def work() -> None:
            text, path = dialogs.diagnose(FOLDER)
            self._reported.emit(text, str(path))

        threading.Thread(target=work, name="frisket-check", daemon=True).start()

    def _show_report(self, text: str, path: str) -> None:
        failed = [line[5:] for line in text.splitlines() if line.startswith("FAIL")]
        self.say(f"{failed[0] if failed else 'All is well'}. Written to {path}")


def _button(parent, text: str, tip: str, pressed) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(text, parent)
    button.setToolTip(tip)
    button.clicked.connect(pressed)
    return button
