"""The docker: choices, one button, progress, and a light for the server."""

from __future__ import annotations

from krita import DockWidget, Krita

from frisket.hosts.request import Refused

from . import dialogs, strokelayer
from .controls import Controls
from .installed import PLUGIN
from .qt import QtCore, QtWidgets
from .serverrow import ServerRow, make_button
from .targetlayer import find_current, find_mask
from .task import Task

_MARK_TIP = (
    "Paint green on the subject and red beside it; the mask follows. "
    "Press again to take the strokes away"
)
# One docker for each window.
_DOCKERS: list[CutoutDocker] = []


class CutoutDocker(DockWidget):
    """Frisket's docker. Everything here runs on the main thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Frisket")
        self.task: Task | None = None
        body = QtWidgets.QWidget(self)
        self.server = ServerRow(body)
        self.controls = Controls(body)
        self.cut_button = make_button(body, "Cut out", "Cut the active layer out", self.cut)
        self.mark_button = make_button(body, "Mark", _MARK_TIP, self.mark)
        self.cancel_button = make_button(body, "Cancel", "Stop", self.cancel)
        self.bar = QtWidgets.QProgressBar(body)
        self.bar.setRange(0, 1000)
        self.status = QtWidgets.QLabel(body)
        self.status.setWordWrap(True)
        self._lay_out(body)
        self.server.models_known.connect(self.controls.show_models)
        self.server.said.connect(self.say)
        self.controls.edge_changed.connect(self._follow_edge)
        self._set_busy(False)
        _DOCKERS.append(self)
        QtCore.QTimer.singleShot(1500, self.server.look)

    def _lay_out(self, body) -> None:
        column, row = QtWidgets.QVBoxLayout(body), QtWidgets.QHBoxLayout()
        for button in (self.cut_button, self.mark_button, self.cancel_button):
            row.addWidget(button)
        column.addWidget(self.server)
        column.addWidget(self.controls)
        column.addLayout(row)
        column.addWidget(self.bar)
        column.addWidget(self.status)
        column.addStretch()
        self.setWidget(body)

    @staticmethod
    def find_front() -> CutoutDocker:
        """Return the docker of the window that is in front."""
        front = (each for each in reversed(_DOCKERS) if each.window().isActiveWindow())
        return next(front, _DOCKERS[-1])

    def canvasChanged(self, canvas) -> None:
        """Do nothing: a cutout goes on while another image is looked at."""

    # ---------------------------------------------------------------- cutting

    def cut(self, *_) -> None:
        """Cut the active layer out with what is chosen."""
        try:
            document, node = find_current()
        except Refused as error:
            self.say(str(error))
            return
        request = self.controls.read_request()
        if request.make == "mask" and find_mask(node) is not None:
            existing = dialogs.ask_existing(self, node.name())
            if not existing:
                return
            request = self.controls.read_request(existing)
        self.start(document, node, request)

    def start(self, document, node, request) -> Task:
        """Start a cutout; an older one is ended first."""
        self.cancel()
        connect = PLUGIN.make_connector(self.server.starting.emit)
        self.task = task = Task(document, node, request, connect)
        task.progressed.connect(lambda share, text: self._show_progress(task, share, text))
        task.completed.connect(lambda text: self._show_complete(task, text))
        task.ended.connect(lambda text: self._forget(task, text))
        self._set_busy(True)
        task.start()
        return task

    def cancel(self, *_) -> None:
        """Stop the cutout that is under way."""
        if self.task is not None:
            self.task.cancel()

    def mark(self, *_) -> None:
        """Add the annotation layer for strokes, or take it away."""
        try:
            document, _node = find_current()
        except Refused as error:
            self.say(str(error))
            return
        if strokelayer.find_layer(document) is not None:
            strokelayer.remove_layer(document)
            self.say("The strokes are gone.")
            return
        strokelayer.add_layer(document)
        self.say("Paint green on the subject and red beside it, then wait a moment.")

    def _follow_edge(self) -> None:
        # With another document in front it is meant for the next cutout.
        if self.task is not None and self.task.belongs_to(Krita.instance().activeDocument()):
            self.task.change(self.controls.read_edge())

    # --------------------------------------------------------------- progress

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.status.setText(text)

    def _show_progress(self, task: Task, share: float, text: str) -> None:
        if task is self.task:
            self.bar.setValue(round(1000 * share))
            self.say(f"{text}...")
            if share > 0.1:
                self.server.shine("on", "Server connected.")

    def _show_complete(self, task: Task, text: str) -> None:
        if task is self.task:
            self.bar.setValue(1000)
            self.say(text)
            self._set_busy(False)
            self.server.look()

    def _forget(self, task: Task, text: str) -> None:
        if task is self.task:
            self.task = None
            self._set_busy(False)
            self.bar.setValue(0)
            if text:
                self.say(text)
        task.release()

    def _set_busy(self, busy: bool) -> None:
        self.cut_button.setEnabled(not busy)
        self.cancel_button.setEnabled(busy)
