"""A cutout for the preview: in a thread of its own, kept in memory, ready for changes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from gi.repository import GLib

from frisket.client.errors import Cancelled
from frisket.client.events import Outcome
from frisket.client.options import Change, Edge, LayerSpec, Options
from frisket.client.transport import Connect
from frisket.hosts import link
from frisket.hosts.job import Job
from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.sparse import SparseAlpha
from frisket.hosts.verdict import phrase_doubts
from frisket.protocol.grid import TileRect
from frisket_gimp.layers import LayerReader

T = TypeVar("T")
_CLIENT = "frisket-gimp-preview"
_WAIT_S = 0.2


class Rehearsal:
    """Runs one job after another; changes of the edge go to the open session.

    Args:
        reader: reads the layer, on the main thread.
        connect: opens connections to the server.
        show: called on the main thread when there is something new.
        tell: takes a sentence on the main thread.
        sight: returns what of the layer is in sight: x, y, width, height.

    Attributes:
        alpha: what has been found so far.
    """

    def __init__(
        self,
        reader: LayerReader,
        connect: Connect,
        show: Callable[[], None],
        tell: Callable[[str], None],
        sight: Callable[[], tuple[int, int, int, int]],
    ) -> None:
        self._reader, self._connect = reader, connect
        self._show, self._tell, self._sight = show, tell, sight
        self._options: Options | None = None
        self._run: _Run | None = None
        self.alpha = SparseAlpha(lambda: None, lambda share, text: None)

    def want(self, options: Options) -> None:
        """Show what these options make; on the main thread."""
        old, self._options = self._options, options
        edge_only = old is not None and replace(old, edge=options.edge) == options
        if edge_only and self._run is not None and self._run.is_alive:
            if old != options:
                self._run.change(options.edge)
            return
        self.stop()
        self._run = _Run(self, options)
        self._run.start()

    def stop(self) -> None:
        """Show nothing more of what is under way."""
        if self._run is not None:
            self._run.stop()
            self._run = None


class _Run:
    """One job in its thread, and the GIMP of the main thread for it."""

    def __init__(self, owner: Rehearsal, options: Options) -> None:
        self._owner = owner
        self._stopped = False
        self._changes: queue.SimpleQueue[Edge | None] = queue.SimpleQueue()
        pace = Pace(lambda: self._later(owner._show), least=0.1)
        self._alpha = SparseAlpha(pace.ask, self._report)
        self._job = Job(
            self,
            self._alpha,
            owner._connect,
            options,
            _CLIENT,
            cancelled=lambda: self._stopped,
            next_change=self._await_change,
            sight=lambda: TileRect(*owner._sight()),
        )
        self._thread = threading.Thread(target=self._work, daemon=True)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._owner.alpha = self._alpha
        self._thread.start()

    def change(self, edge: Edge) -> None:
        self._changes.put(edge)

    def stop(self) -> None:
        self._stopped = True
        self._changes.put(None)
        self._job.drop()

    # --------------------------------------- the reader, from the job's thread

    @property
    def spec(self) -> LayerSpec:
        return self._owner._reader.spec

    def proxy(self) -> bytes:
        return self._ask_main(self._owner._reader.proxy)

    def read_tile(self, rect: TileRect) -> bytes:
        return self._ask_main(lambda: self._owner._reader.read_tile(rect))

    def _ask_main(self, work: Callable[[], T]) -> T:
        """Return what GIMP says on the main thread: its library knows one thread only."""
        done, found = threading.Event(), []

        def run() -> bool:
            try:
                found.append((work(), None))
            except Exception as error:
                found.append((None, error))
            done.set()
            return False

        GLib.idle_add(run)
        while not done.wait(_WAIT_S):
            if self._stopped:
                raise Cancelled("Cancelled.")
        value, error = found[0]
        if error is not None:
            raise error
        return value

    # ------------------------------------------------------- the job's thread

    def _work(self) -> None:
        try:
            self._job.run()
        except Exception as error:
            self._say(link.explain(error))

    def _await_change(self, outcome: Outcome) -> Change | None:
        self._later(self._owner._show)
        self._say(_describe(outcome))
        edge = self._changes.get()
        # Only the newest value counts.
        while edge is not None and not self._changes.empty():
            edge = self._changes.get()
        return None if edge is None else Change(edge=edge)

    def _report(self, share: float, text: str) -> None:
        self._say(
            _("Preview: {text}, {percent} %").format(text=_(text), percent=round(100 * share))
        )

    def _say(self, text: str) -> None:
        self._later(lambda: self._owner._tell(text))

    def _later(self, work: Callable[[], None]) -> None:
        def run() -> bool:
            if not self._stopped:
                work()
            return False

        GLib.idle_add(run)


def _describe(outcome: Outcome) -> str:
    if outcome.subject is None:
        return _("Preview: no subject was found.")
    return phrase_doubts(_("the preview"), outcome) or _("Preview: this is what OK makes.")
