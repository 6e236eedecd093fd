"""One cutout in Krita, from the click to the last tile, in a worker thread."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time

from krita import Krita

from frisket.client.errors import Cancelled, ClientError
from frisket.client.events import Outcome
from frisket.client.options import Change, Edge, HintSet, Options
from frisket.client.transport import Connect
from frisket.hosts import link, selfcheck
from frisket.hosts.job import Job
from frisket.hosts.planes import trimap
from frisket.protocol.grid import TileRect

from . import hints
from .mainthread import MainThread
from .painting import Painter
from .place import GivenUp, Place, mask_of, region_of
from .qt import QtCore
from .reading import LayerReader, reduce
from .sight import in_sight

CLIENT = "frisket-krita"
_LISTEN_S = 1.0


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user asks for.

    Attributes:
        make: a key of `making.MAKES`.
        options: for the server.
        existing: what to do with a mask that is there: replace, intersect, refine.
    """

    make: str
    options: Options
    existing: str = "replace"


class Task(QtCore.QObject):
    """Cuts one layer out and then listens for strokes, until it is cancelled.

    Make it and call `start`, `cancel`, `change` and `end` on the main thread; signals
    arrive there too.
    """

    progressed = QtCore.pyqtSignal(float, str)
    completed = QtCore.pyqtSignal(str)
    ended = QtCore.pyqtSignal(str, bool)

    def __init__(self, document, node, wish: Wish, connect: Connect) -> None:
        super().__init__()
        self.main = MainThread()
        self.times: dict[str, float] = {}
        self._place = Place(document, node)
        self._region = region_of(node)
        self._wish = wish
        self._connect = connect
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._stopped = False
        self._job: Job | None = None
        self._painter: Painter | None = None
        deep = wish.options.foreground and node.colorDepth() != "U8"
        self._reader = LayerReader(self._place, self.main, self._region, deep)
        old = mask_of(node) if wish.make == "mask" else None
        self._old = old.uniqueId() if old is not None else None
        self._selected = document.selection()
        self._ear = hints.Ear(self._place, self.main, self._region)
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
        return self._place.belongs_to(document)

    def change(self, edge: Edge) -> None:
        """Change the edge of what is there."""
        self._changes.put(Change(edge=edge))

    def end(self) -> None:
        """Stop listening for strokes."""
        self._changes.put(None)

    def wait(self, timeout: float) -> bool:
        """Wait for the worker, for tests; the main thread must be free meanwhile."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _hear_undo(self, *_) -> None:
        if self._painter is not None:
            self._painter.hear_undo()

    # ------------------------------------------------------ the worker thread

    def _run(self) -> None:
        try:
            try:
                self._work()
            finally:
                self._reader.close()
                self._ear.close()
            self.ended.emit("", True)
        except Cancelled as error:
            self.ended.emit(link.explain(error), True)
        except GivenUp as error:
            self.ended.emit(str(error), True)
        except BaseException as error:
            if not isinstance(error, ClientError):
                selfcheck.remember("krita", error)
            self.ended.emit(link.explain(error), False)

    def _sight(self) -> TileRect | None:
        return in_sight(self._place.document(), self._region)

    def _work(self) -> None:
        painter = Painter(
            self._place,
            self.main,
            self._region,
            self._wish.make,
            self._progress,
            self._selected,
            None if self._wish.existing == "intersect" else self._old,
            self._reader.clean,
        )
        self._painter = painter
        options = dataclasses.replace(self._wish.options, hints=self._hints())
        self._job = Job(
            self._reader,
            painter,
            self._connect,
            options,
            CLIENT,
            cancelled=lambda: self._stopped,
            next_change=self._next_change,
            sight=lambda: self.main.call(self._sight),
        )
        self._job.run()

    def _progress(self, share: float, text: str) -> None:
        self.times.setdefault(text, time.monotonic() - self._began)
        self.progressed.emit(share, text)

    def _next_change(self, outcome: Outcome) -> Change | None:
        """Show the complete mask, then wait for a change, a stroke, or the end."""
        self._painter.finish()
        self.times["complete"] = time.monotonic() - self._began
        kept = " What you painted yourself was kept." if self._painter.kept else ""
        self.completed.emit(_summary(outcome) + kept)
        while True:
            try:
                return self._changes.get(timeout=_LISTEN_S)
            except queue.Empty:
                heard = self._ear.listen()
                if heard is not None:
                    self.progressed.emit(0.2, "Following your strokes")
                    return Change(hints=heard)

    def _hints(self) -> HintSet:
        first = self._ear.listen() or HintSet()
        if self._wish.existing != "refine" or self._old is None:
            return first
        return dataclasses.replace(first, trimap=self._trimap())

    def _trimap(self) -> bytes:
        """Return the trimap of the mask that is there, at the proxy's size."""
        spec, region = self._reader.spec, self._region
        rows = max(1, (1 << 20) // region.width)
        parts = []
        for y in range(0, region.height, rows):
            box = (region.x, region.y + y, region.width, min(rows, region.height - y))
            grab = self.main.call(lambda box=box: self._place.node(self._old).pixelData(*box))
            parts.append(grab.data())
        plane = reduce(
            b"".join(parts),
            region.width,
            region.height,
            spec.proxy_width,
            spec.proxy_height,
            hints.GREY,
        )
        return trimap(plane, spec.proxy_width, spec.proxy_height)


def _summary(outcome: Outcome) -> str:
    if outcome.subject is None:
        return "No subject was found. Mark it with strokes, or try another model."
    if outcome.judgement.needs_review and outcome.judgement.reasons:
        return f"Done. Look at the edge: {outcome.judgement.reasons[0]}"
    return "Done."
