"""One cutout in Krita, from the click to the last tile, in a worker thread."""

from __future__ import annotations

import queue
import threading
import time

from krita import Krita

from frisket.client.events import Outcome
from frisket.client.options import Change, Edge, HintSet
from frisket.client.transport import Connect
from frisket.hosts.job import Job
from frisket.hosts.request import CutRequest
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
_LISTEN_S = 1.0


class Task(QtCore.QObject):
    """Cuts one layer out and then listens for strokes, until it is cancelled.

    Make it and call `start`, `cancel`, `change` and `end` on the main thread; signals
    arrive there too.
    """

    progressed = QtCore.pyqtSignal(float, str)
    completed = QtCore.pyqtSignal(str)
    ended = QtCore.pyqtSignal(str)

    def __init__(self, document, node, request: CutRequest, connect: Connect) -> None:
        super().__init__()
        self.main = MainThread()
        self.times: dict[str, float] = {}
        self._target_layer = TargetLayer(document, node)
        self._name = node.name()
        self._region = find_region(node)
        self._request = request
        self._connect = connect
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._began = 0.0
        self._stopped = False
        self._job: Job | None = None
        self._painter: Painter | None = None
        deep = request.cleans_colours and node.colorDepth() != "U8"
        self._reader = LayerReader(self._target_layer, self.main, self._region, deep)
        old = find_mask(node) if request.make == "mask" else None
        self._old = old.uniqueId() if old is not None else None
        self._selected = document.selection()
        self._watcher = StrokeWatcher(self._target_layer, self.main, self._region)
        self._thread = threading.Thread(target=self._run, name="frisket", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        for name in ("edit_undo", "edit_redo"):
            # A Krita without a window has no such actions.
            if (action := Krita.instance().action(name)) is not None:
                action.triggered.connect(self._hear_undo)
        self._thread.start()

    def cancel(self) -> None:
        """Stop at once; what is painted stays, as one step to undo."""
        self._stopped = True
        self._changes.put(None)
        if self._job is not None:
            self._job.drop()

    def belongs_to(self, document) -> bool:
        """Tell whether the cutout is one of this document."""
        return self._target_layer.belongs_to(document)

    def change(self, edge: Edge) -> None:
        """Change the edge of what is there."""
        self._changes.put(Change(edge=edge))

    def end(self) -> None:
        """Stop listening for strokes."""
        self._changes.put(None)

    def release(self) -> None:
        """Let go of what is Krita's, when all is over.

        Otherwise Python may find it in a cycle later, on any thread, and Krita's objects
        must end on the main thread.
        """
        self._thread.join()
        if self._painter is not None:
            self._painter.release()
        self._target_layer.release()
        self._painter = self._job = self._selected = None
        for signal in (self.progressed, self.completed, self.ended):
            signal.disconnect()

    @property
    def marks(self) -> dict[str, float]:
        """When what happened; see `Job.marks`."""
        return self._job.marks if self._job is not None else {}

    def wait(self, timeout: float) -> bool:
        """Wait for the worker, for tests; the main thread must be free meanwhile."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _hear_undo(self, *_) -> None:
        if self._painter is not None:
            self._painter.hear_undo()

    # ------------------------------------------------------ the worker thread

    def _run(self) -> None:
        text = ""
        try:
            try:
                self._work()
            finally:
                self._reader.close()
                self._watcher.close()
        except BaseException as error:
            text = PLUGIN.explain(error)
        self.ended.emit(text)

    def _find_sight(self) -> TileRect | None:
        return find_sight(self._target_layer.find_document(), self._region)

    def _work(self) -> None:
        self._painter = self._make_painter()
        self._job = Job(
            self._reader,
            self._painter,
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
            self._target_layer,
            self.main,
            self._region,
            self._request.make,
            self._tell,
            self._selected,
            None if self._request.existing == "intersect" else self._old,
            self._reader.clean,
        )

    def _tell(self, share: float, text: str) -> None:
        self.times.setdefault(text, time.monotonic() - self._began)
        self.progressed.emit(share, text)

    def _await_change(self, outcome: Outcome) -> Change | None:
        """Show the complete mask, then wait for a change, a stroke, or the end."""
        self._painter.finish()
        self.times["complete"] = time.monotonic() - self._began
        kept = " What you painted yourself was kept." if self._painter.kept else ""
        self.completed.emit(_summarise(outcome) + kept)
        while True:
            try:
                return self._changes.get(timeout=_LISTEN_S)
            except queue.Empty:
                strokes = self._watcher.poll()
                if strokes is not None:
                    self.progressed.emit(0.2, "Following your strokes")
                    return Change(hints=strokes)

    def _read_hints(self) -> HintSet:
        spec, strokes = self._reader.spec, self._watcher.poll()
        return self._request.read_hints(spec, self._name, self._read_old_mask, strokes=strokes)

    def _read_old_mask(self) -> bytes | None:
        """Return the mask that is there at the proxy's size, if there is one."""
        if self._old is None:
            return None
        spec, region = self._reader.spec, self._region
        rows = max(1, (1 << 20) // region.width)
        parts = []
        for y in range(0, region.height, rows):
            box = (region.x, region.y + y, region.width, min(rows, region.height - y))
            work = lambda box=box: self._target_layer.find_node(self._old).pixelData(*box)  # noqa: E731
            parts.append(self.main.call(work).data())
        size, proxy = (region.width, region.height), (spec.proxy_width, spec.proxy_height)
        return reduce(b"".join(parts), *size, *proxy, GREY)


def _summarise(outcome: Outcome) -> str:
    if outcome.subject is None:
        return "No subject was found. Mark it with strokes, or try another model."
    if outcome.judgement.needs_review and outcome.judgement.reasons:
        return f"Done. Look at the edge: {outcome.judgement.reasons[0]}"
    return "Done."
