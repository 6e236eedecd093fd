"""The cutout that is open, and the layers that wait for their turn. For the main thread."""

from __future__ import annotations

from pathlib import Path

from frisket.client.options import Edge
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest, Refused

from . import strokelayer
from .frames import Frames
from .installed import PLUGIN
from .qt import QtCore
from .selecting import copy_selection
from .targetlayer import check_target, is_open
from .task import DONE, Task
from .turns import Layers

_UNDER = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"


class Cutouts(QtCore.QObject):
    """At most one cutout is open. One layer stays open when it is complete; of several each ends.

    `progressed` tells a share and a text, `said` a sentence; `changed` that another cutout is
    open, or none, or that it is complete.
    """

    progressed = QtCore.pyqtSignal(float, str)
    said = QtCore.pyqtSignal(str)
    changed = QtCore.pyqtSignal()

    def __init__(self, starting) -> None:
        super().__init__()
        self._starting = starting
        self.task: Task | None = None
        self.is_busy = False
        self._document = None
        self._turns = None
        self._request = CutRequest()
        self._frames = ""
        self._reports: list[str] = []
        self._selected = self._joined = None

    def begin(self, document, nodes: list, request: CutRequest, frames: str = "") -> Task | None:
        """Cut layers out; an open cutout is finished first.

        Args:
            document: the document.
            nodes: the layers.
            request: what is wanted.
            frames: what is meant of an animated layer: "this" frame, or "every" one.

        Raises:
            Refused: one of them cannot be cut out, or another cutout is still at work.
        """
        self.require_rest()
        for node in nodes:
            check_target(node, request.make, frames)
        self.finish()
        self._document, self._request, self._frames = document, request, frames
        self._turns = Frames(document, *nodes) if frames == "every" else Layers(document, nodes)
        self._reports = []
        self._selected, self._joined = copy_selection(document), None
        self._take_turn()
        return self.task

    def require_rest(self) -> None:
        """Check that no cutout is at work.

        Raises:
            Refused: one is.
        """
        if self.is_busy:
            raise Refused(_("A cutout is at work. Cancel it, or wait until it is complete."))

    def describe(self) -> str:
        """Return whose cutout is open; empty for none."""
        if self.task is None:
            return ""
        return f"{name_document(self._document)} {_UNDER} {self.task.name}"

    def belongs_to(self, document) -> bool:
        """Tell whether the open cutout is one of this document."""
        return self.task is not None and document is not None and document == self._document

    def change(self, edge: Edge) -> None:
        """Change the edge of the open cutout."""
        if self.task is not None:
            self.task.change(edge)

    def finish(self) -> None:
        """End the open cutout and keep what it made."""
        if self.task is not None:
            self.task.end()
            self._let_go(_("Finished."))

    def leave(self) -> None:
        """End when all that is at work is complete, and keep it: nobody can press a button."""
        self._drop_turns()
        if self.task is not None:
            self.task.end()

    def cancel(self) -> None:
        """Stop, and take back what the open cutout has made."""
        self._drop_turns()
        if self.task is not None:
            self.task.cancel()

    def _drop_turns(self) -> None:
        if self._turns is not None:
            self._turns.drop()

    def _begin_next(self, document, node) -> None:
        connect = PLUGIN.make_connector(self._starting)
        self.task = task = Task(
            document, node, self._request, connect, self._selected, self._joined
        )
        task.progressed.connect(lambda share, text: self._progress(task, share, text))
        task.completed.connect(lambda text: self._complete(task, text))
        task.noted.connect(lambda text: self._note(task, text))
        task.ended.connect(lambda text: self._forget(task, text))
        self.is_busy = True
        self.changed.emit()
        task.start()

    def _progress(self, task: Task, share: float, text: str) -> None:
        if task is self.task:
            number, count = self._turns.number, self._turns.count
            counted = _("{number} of {count}: {text}") if count > 1 else "{text}"
            text = counted.format(number=number, count=count, text=_(text))
            self.progressed.emit(share, f"{text}...")

    def _note(self, task: Task, text: str) -> None:
        if task is self.task:
            self.said.emit(text)

    def _complete(self, task: Task, text: str) -> None:
        if task is not self.task:
            return
        if not self._turns.stays_open:
            self._reports += [] if text == DONE else [text]
            if self._request.make == "selection" and task.outcome.subject is not None:
                self._joined = self._document.selection()
            task.end()
            return
        self.is_busy = False
        self.said.emit(text)
        self.changed.emit()

    def _forget(self, task: Task, text: str) -> None:
        try:
            if task is self.task:
                self._reports += [text] if text else []
                self._take_turn(task)
        finally:
            task.release()

    def _take_turn(self, ended: Task | None = None) -> None:
        """Begin the next turn, or end them all."""
        given_up = ended is not None and ended.is_given_up
        try:
            following = self._find_next(ended)
            if following is not None:
                # It has waited, and may not be as it was when it was chosen.
                check_target(following[1], self._request.make, self._frames)
                self._begin_next(*following)
                return
        except Exception as error:
            # The docker is told of it, and of nothing that follows.
            self._reports.append(PLUGIN.explain(error))
            self._turns.drop()
            given_up = True
        self._end_turns(given_up)

    def _find_next(self, ended: Task | None):
        """Return document and layer of the next turn; None when there is no other."""
        if ended is not None and (ended.error is not None or not is_open(self._document)):
            self._turns.drop()
            return None
        if ended is not None:
            self._turns.keep()
        return self._turns.take()

    def _end_turns(self, given_up: bool = False) -> None:
        try:
            done = self._turns.close()
        except Exception as error:
            # Whatever it is, the docker is free for another cutout.
            done = PLUGIN.explain(error)
            self._reports.clear()
        self._let_go(" ".join(self._reports) or done, given_up)

    def _let_go(self, text: str, given_up: bool = False) -> None:
        document, self._document = self._document, None
        self.task, self.is_busy = None, False
        self._turns = None
        self._selected = self._joined = None
        if is_open(document):
            # What is painted is the artist's, and counts when the cutout is tried again.
            strokelayer.remove_layer(document, keep_painted=given_up)
        if text:
            self.said.emit(text)
        self.changed.emit()


def name_document(document) -> str:
    """Return what a person calls a document."""
    return Path(document.fileName()).name or document.name() or _("Untitled")
