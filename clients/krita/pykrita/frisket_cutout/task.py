"""One cutout in Krita, from the click to the last tile, in a worker thread."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import replace

from krita import Krita

from frisket.client.errors import ClientError
from frisket.client.events import Outcome
from frisket.client.options import Change, Edge, HintSet
from frisket.client.transport import Connect
from frisket.hosts.band import open_trimap
from frisket.hosts.job import Job
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest
from frisket.hosts.verdict import explain_nothing, phrase_doubts
from frisket.protocol.grid import TileRect

from .installed import PLUGIN
from .mainthread import MainThread
from .painting import Painter
from .qt import QtCore
from .reading import GREY, LayerReader, reduce
from .sight import find_sight
from .strokelayer import StrokeWatcher
from .targetlayer import TargetLayer, find_mask, find_region

CLIENT = "frisket-krita"
_LISTEN_S, _GLANCE_MS = 0.5, 200
DONE = _("Done.")
"""What is said of a cutout that nobody needs to look at."""
_KEPT = _("What you painted yourself was kept.")
_MARK_IT = _("Paint on it with Keep, or choose another model.")


class Task(QtCore.QObject):
    """Cuts one layer out and then listens for strokes, until it is ended or cancelled.

    Make it and call `start`, `cancel`, `change` and `end` on the main thread; signals
    arrive there too.

    Args:
        document: the document.
        node: its layer.
        request: what is wanted.
        connect: opens connections.
        selected: the selection that limits the result, if any.
        joined: a selection that the result is added to.
    """

    progressed = QtCore.pyqtSignal(float, str)
    completed = QtCore.pyqtSignal(str)
    noted = QtCore.pyqtSignal(str)
    ended = QtCore.pyqtSignal(str)

    def __init__(
        self, document, node, request: CutRequest, connect: Connect, selected, joined=None
    ) -> None:
        super().__init__()
        self.main = MainThread()
        self.times: dict[str, float] = {}
        self.edge = request.edge
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self.message = ""
        self.target_layer = TargetLayer(document, node)
        self.name = node.name()
        self.region = find_region(node)
        self.painter: Painter | None = None
        self.proxy = b""
        self.boxes: tuple[tuple[int, int, int, int], ...] = ()
        self._request = request
        self._connect = connect
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._began = 0.0
        self._stopped = False
        self._is_complete = False
        self._job: Job | None = None
        deep = request.cleans_colours and node.colorDepth() != "U8"
        self._reader = LayerReader(self.target_layer, self.main, self.region, deep)
        old = find_mask(node) if request.make == "mask" else None
        self._old = old.uniqueId() if old is not None else None
        self._selected = selected
        self._joined = joined
        self._hints = HintSet()
        self._watcher = StrokeWatcher(
            self.target_layer, self.main, self.region, self.name, self._read_new_mask
        )
        self._thread = threading.Thread(target=self._run, name="frisket", daemon=True)
        self._glance = QtCore.QTimer(self)
        self._glance.setInterval(_GLANCE_MS)
        self._glance.timeout.connect(self._look_around)

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        for name in ("edit_undo", "edit_redo"):
            # A Krita without a window has no such actions.
            if (action := Krita.instance().action(name)) is not None:
                action.triggered.connect(self._hear_undo)
        self._glance.start()
        self._thread.start()

    def cancel(self) -> None:
        """Stop at once, and take back what was made."""
        self._stopped = True
        self._changes.put(None)
        if self._job is not None:
            self._job.drop()

    def belongs_to(self, document) -> bool:
        """Tell whether the cutout is one of this document."""
        return self.target_layer.belongs_to(document)

    def change(self, edge: Edge) -> None:
        """Change the edge of what is there."""
        self.edge = edge
        self._changes.put(Change(edge=edge))

    def end(self) -> None:
        """Stop listening for strokes; what is made stays."""
        self._changes.put(None)

    def release(self) -> None:
        """Let go of what is Krita's, when all is over.

        Otherwise Python may find it in a cycle later, on any thread, and Krita's objects
        must end on the main thread.
        """
        self._glance.stop()
        self._thread.join()
        if self.painter is not None:
            self.painter.release()
        self.target_layer.release()
        self.painter = self._job = self._selected = self._joined = None
        for signal in (self.progressed, self.completed, self.noted, self.ended):
            # Somebody may have listened to none of them.
            with contextlib.suppress(TypeError):
                signal.disconnect()

    @property
    def is_given_up(self) -> bool:
        """Whether it ended by something that nobody wanted."""
        return self.error is not None and not self._stopped

    @property
    def marks(self) -> dict[str, float]:
        """When what happened; see `Job.marks`."""
        return self._job.marks if self._job is not None else {}

    @property
    def spec(self):
        """The layer's sizes and formats."""
        return self._reader.spec

    def wait(self, timeout: float) -> bool:
        """Wait for the worker, for tests; the main thread must be free meanwhile."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _hear_undo(self, *_event) -> None:
        with contextlib.suppress(ClientError):
            if self.painter is not None:
                self.painter.hear_undo()

    def _look_around(self) -> None:
        # It may be gone: the worker finds out and says so.
        with contextlib.suppress(ClientError):
            if self.painter is not None:
                self.painter.look_around()

    # ------------------------------------------------------ the worker thread

    def _run(self) -> None:
        try:
            try:
                self._work()
            finally:
                self._reader.close()
                self._watcher.close()
        except BaseException as error:
            self.error = error
            self.message = PLUGIN.explain(error)
        self._clean_up()
        self.ended.emit(self.message)

    def _clean_up(self) -> None:
        """Leave nothing half-made, as far as the document still has it."""
        painter = self.painter
        with contextlib.suppress(ClientError, RuntimeError):
            if painter is not None and (self._stopped or not self.outcome):
                painter.take_back()
            elif painter is not None and not self._is_complete:
                painter.step_back()

    def _find_sight(self) -> TileRect | None:
        return find_sight(self.target_layer.find_document(), self.region)

    def _work(self) -> None:
        self.painter = self._make_painter()
        self._job = Job(
            _Remembering(self._reader, self),
            self.painter,
            self._connect,
            self._request.options(hints=self._read_hints()),
            CLIENT,
            cancelled=lambda: self._stopped,
            next_change=self._await_change,
            sight=lambda: self.main.call(self._find_sight),
        )
        self._job.run()

    def _make_painter(self) -> Painter:
        return Painter(
            self.target_layer,
            self.main,
            self.region,
            self._request.make,
            self._tell,
            self._selected,
            None if self._request.existing == "intersect" else self._old,
            self._reader.clean,
            self._joined,
        )

    def _tell(self, share: float, text: str) -> None:
        self.times.setdefault(text, time.monotonic() - self._began)
        self.progressed.emit(share, text)

    def _await_change(self, outcome: Outcome) -> Change | None:
        """Show the complete mask, then wait for a change, a stroke, or the end."""
        self.outcome = outcome
        if outcome.subject is None:
            self.painter.take_back()
        else:
            self.painter.finish()
        self.times.setdefault("complete", time.monotonic() - self._began)
        self._is_complete = True
        self.completed.emit(self._summarise(outcome))
        change = self._next_change()
        if change is not None:
            self._is_complete = False
            self.painter.begin_change(change.edge is not None)
        return change

    def _next_change(self) -> Change | None:
        while True:
            try:
                return self._changes.get(timeout=_LISTEN_S)
            except queue.Empty:
                strokes, note = self._watcher.poll(self.spec), self._watcher.note
                if strokes is not None:
                    self.progressed.emit(0.2, _("Following your strokes"))
                    return Change(hints=self._add_strokes(strokes))
                if note:
                    self._watcher.note = ""
                    self.noted.emit(note)

    def _summarise(self, outcome: Outcome) -> str:
        if outcome.subject is None:
            return explain_nothing(self.name, self.spec, self.proxy, _MARK_IT)
        parts = [phrase_doubts(self.name, outcome) or DONE]
        parts += [_KEPT] if self.painter.kept else []
        parts += [self._watcher.note] if self._watcher.note else []
        self._watcher.note = ""
        return " ".join(parts)

    def _read_hints(self) -> HintSet:
        strokes = self._watcher.poll(self.spec)
        read_old = lambda: self._read_mask(self._find_old)  # noqa: E731
        self._hints = self._request.read_hints(self.spec, self.name, read_old)
        self._hints = replace(self._hints, boxes=self.boxes)
        return self._add_strokes(strokes or HintSet())

    def _add_strokes(self, strokes: HintSet) -> HintSet:
        """Return what is known from the start and by strokes; a server forgets what is left out."""
        kept = self._hints.trimap if strokes.trimap is None else strokes.trimap
        hints = replace(self._hints, strokes=strokes.strokes, trimap=kept)
        return open_trimap(hints, self.spec)

    def _find_old(self):
        return self.target_layer.find_node(self._old) if self._old is not None else None

    def _read_new_mask(self) -> bytes | None:
        painter = self.painter
        return self._read_mask(painter.find_holder) if painter and painter.made else None

    def _read_mask(self, find_mask_node) -> bytes | None:
        """Return a mask of the layer at the proxy's size, if there is one."""
        if self.main.call(find_mask_node) is None:
            return None
        spec, region = self.spec, self.region
        rows = max(1, (1 << 20) // region.width)
        parts = []
        for y in range(0, region.height, rows):
            box = (region.x, region.y + y, region.width, min(rows, region.height - y))
            parts.append(self.main.call(lambda box=box: find_mask_node().pixelData(*box)).data())
        size, proxy = (region.width, region.height), (spec.proxy_width, spec.proxy_height)
        return reduce(b"".join(parts), *size, *proxy, GREY)


class _Remembering:
    """A reader whose proxy is kept, to be looked at."""

    def __init__(self, reader: LayerReader, task: Task) -> None:
        self._reader, self._task = reader, task
        self.spec, self.read_tile = reader.spec, reader.read_tile

    def proxy(self) -> bytes:
        """Return the rows of the proxy."""
        self._task.proxy = self._reader.proxy()
        return self._task.proxy
