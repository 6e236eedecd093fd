"""The docker: choices, one button, what is open, marks, views, and a light for the server."""

from __future__ import annotations

from dataclasses import replace

from krita import DockWidget, Krita

from frisket.client.options import Edge
from frisket.hosts.language import _, drop_key
from frisket.hosts.request import CutRequest, Refused

from . import dialogs, strokelayer
from .controls import Controls
from .cutouts import Cutouts
from .frames import check_frames, needs_frames, request_frames
from .markrow import MarkRow
from .qt import QtCore, QtWidgets, mark_key
from .serverrow import ServerRow, make_button
from .targetlayer import check_target, find_document, find_mask, find_targets
from .task import Task
from .views import CanvasView

# Label and explanation of each button; its letter is none of Krita's own. *Cut out* has a
# shortcut, and *Finish* one instead of a letter: Krita's menus have all of its.
_BUTTONS = {
    "cut": (drop_key(_("Cut _out")), _("Cut the selected layers out")),
    "finish": (drop_key(_("_Finish")), _("Keep what the open cutout has made, and end it")),
    "cancel": (mark_key(_("_Cancel")), _("Take back what the open cutout has made, and end it")),
}
# One docker for each window.
_DOCKERS: list[CutoutDocker] = []


class CutoutDocker(DockWidget):
    """Frisket's docker. Everything here runs on the main thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Frisket")
        body = QtWidgets.QWidget(self)
        # Made in the order in which they are seen, which Tab follows.
        self.cut_button = make_button(body, *_BUTTONS["cut"], self.cut)
        self.finish_button = make_button(body, *_BUTTONS["finish"], self.finish)
        self.cancel_button = make_button(body, *_BUTTONS["cancel"], self.cancel)
        self.marks = MarkRow(body)
        self.server = ServerRow(body)
        self.controls = Controls(body)
        self.cutouts = Cutouts(self.server.starting.emit)
        self.open_label = QtWidgets.QLabel(body)
        self.open_label.setWordWrap(True)
        self.view = CanvasView()
        self.bar = QtWidgets.QProgressBar(body)
        self.bar.setRange(0, 1000)
        self.status = QtWidgets.QLabel(body)
        self.status.setWordWrap(True)
        self._lay_out(body)
        self._connect()
        self._show_open()
        _DOCKERS.append(self)
        # What is deleted with its window cannot be asked any more: only what outlives it.
        cutouts, view = self.cutouts, self.view
        self.destroyed.connect(lambda *_event: _leave(self, cutouts, view))
        QtCore.QTimer.singleShot(1500, self.server.look)

    def _lay_out(self, body) -> None:
        column, row = QtWidgets.QVBoxLayout(body), QtWidgets.QHBoxLayout()
        for button in (self.cut_button, self.finish_button, self.cancel_button):
            row.addWidget(button)
        column.addLayout(row)
        # What happens, and what is pressed most, is above the fold: dockers are often low.
        told = (self.open_label, self.bar, self.status)
        for widget in (*told, self.marks, self.server, self.controls):
            column.addWidget(widget)
        column.addStretch()
        scroll = QtWidgets.QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        bar = scroll.verticalScrollBar().sizeHint().width()
        scroll.setMinimumWidth(body.minimumSizeHint().width() + bar)
        self.setWidget(scroll)

    def _connect(self) -> None:
        self.server.models_known.connect(self.controls.show_models)
        self.server.said.connect(self.say)
        self.controls.edge_changed.connect(self._follow_edge)
        self.cutouts.progressed.connect(self._show_progress)
        self.cutouts.said.connect(self.say)
        self.cutouts.changed.connect(self._show_open)
        self.marks.wanted.connect(self.mark)
        self.marks.cleared.connect(self.clear_strokes)
        self.marks.view_changed.connect(lambda *_event: self._show_view())

    @staticmethod
    def find_front() -> CutoutDocker:
        """Return the docker of the window that is in front."""
        front = (each for each in reversed(_DOCKERS) if each.window().isActiveWindow())
        return next(front, _DOCKERS[-1])

    @property
    def task(self) -> Task | None:
        """The open cutout."""
        return self.cutouts.task

    def canvasChanged(self, canvas) -> None:
        """Follow the image in front: the edge controls are those of its cutout, if it has one."""
        if self.cutouts.task is not None:
            mine = self.cutouts.belongs_to(Krita.instance().activeDocument())
            self.controls.show_edge(self.cutouts.task.edge if mine else Edge())
            self._show_open()

    # ---------------------------------------------------------------- cutting

    def cut(self, *_event) -> None:
        """Cut the selected layers out with what is chosen."""
        try:
            self.cutouts.require_rest()
            document, nodes = find_targets()
            _require_one_window(self, document)
            asked = self._ask(document, nodes, self.controls.read_request())
            if asked is not None:
                self.marks.give_back()
                self.cutouts.begin(document, nodes, *asked)
        except Refused as error:
            self.say(str(error))

    def _ask(self, document, nodes: list, request: CutRequest) -> tuple[CutRequest, str] | None:
        """Ask what the choices leave open; return the request and which frames, or None."""
        animated = [node for node in nodes if needs_frames(document, node, request.make)]
        for node in nodes:
            check_target(node, request.make, "ask" if animated else "")
        if animated:
            check_frames(nodes)
            frames = dialogs.ask_frames(self, *animated)
            return (request_frames(request, frames), frames) if frames else None
        masked = [node for node in nodes if find_mask(node) is not None]
        if request.make == "mask" and masked:
            existing = dialogs.ask_existing(self, masked)
            return (replace(request, existing=existing), "") if existing else None
        return request, ""

    def finish(self, *_event) -> None:
        """End the open cutout and keep what it made."""
        self.cutouts.finish()

    def cancel(self, *_event) -> None:
        """Stop the open cutout and take back what it made."""
        self.cutouts.cancel()

    def mark(self, kind: str) -> None:
        """Take the brush for strokes: keep, remove or hair."""
        try:
            document = find_document()
        except Refused as error:
            self.marks.give_back()
            self.say(str(error))
            return
        self.say(self.marks.take(document, kind))
        if self.task is not None:
            self.marks.look_through()

    def clear_strokes(self, *_event) -> None:
        """Take the strokes away, and give the brush back."""
        document = Krita.instance().activeDocument()
        self.marks.give_back()
        if document is None or strokelayer.find_layer(document) is None:
            self.say(_("There are no strokes."))
            return
        strokelayer.remove_layer(document)
        self.say(_("The strokes are gone."))

    def _follow_edge(self) -> None:
        # With another document in front it is meant for the next cutout.
        if self.cutouts.belongs_to(Krita.instance().activeDocument()):
            self.cutouts.change(self.controls.read_edge())

    # --------------------------------------------------------------- progress

    def say(self, text: str) -> None:
        """Show a sentence."""
        self.status.setText(text)

    def _show_progress(self, share: float, text: str) -> None:
        self.bar.setValue(round(1000 * share))
        self.say(text)
        if share > 0.1:
            self.server.shine("on", _("Ready"))

    def _show_open(self) -> None:
        """Show whose cutout is open, and what can be done with it."""
        name, busy = self.cutouts.describe(), self.cutouts.is_busy
        self.open_label.setText(self._describe_open(name, busy))
        self.cut_button.setEnabled(not busy)
        self.finish_button.setEnabled(bool(name) and not busy)
        self.cancel_button.setEnabled(bool(name))
        if not name:
            self.marks.give_back()
            self.bar.setValue(0)
        elif not busy:
            self.bar.setValue(1000)
            self.server.look()
        self._show_view()

    def _describe_open(self, name: str, busy: bool) -> str:
        """Return whose cutout is open, and what a person can do when it is complete."""
        if not name:
            return _("No cutout is open.")
        front = self.cutouts.belongs_to(Krita.instance().activeDocument())
        text = _("Open: {name}") if front else _("Open: {name} (another image is in front)")
        step = _("Right? Finish. Wrong? Keep or Remove, then paint.")
        return "\n".join((text.format(name=name), *([step] if front and not busy else [])))

    def _show_view(self) -> None:
        self.view.look_at(self.task, self.marks.read_view())


def _require_one_window(docker: CutoutDocker, document) -> None:
    """Check that no other window's cutout is open for a document.

    Raises:
        Refused: one is.
    """
    if any(each is not docker and each.cutouts.belongs_to(document) for each in _DOCKERS):
        raise Refused(
            _("Another window has a cutout of this image open. Finish or cancel it there.")
        )


def _leave(docker: CutoutDocker, cutouts: Cutouts, view: CanvasView) -> None:
    """Let a closed window's cutout end by itself, and forget its docker."""
    _DOCKERS.remove(docker)
    view.look_at(None, "")
    cutouts.leave()
