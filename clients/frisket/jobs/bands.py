"""Mattes one very large layer with several servers at once: each sharpens a share of its tiles.

The first server makes the coarse alpha; the others get it with `open`, and hold all tiles but their
own. A share that a server does not finish is done by the first one, as after any loss.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace

from frisket.client.drive import Driver, TileSource
from frisket.client.events import CoarseRowsReady, Event, Opened, Outcome
from frisket.client.session import Buffer
from frisket.client.transport import Connect
from frisket.jobs.beside import begin
from frisket.protocol.grid import Grid, TileRect

SHARED_PX = 100_000_000
"""Smaller layers are not worth another server's time: each one solves the edge for itself."""
_STRIPES = 8  # of each server: a subject that fills one half of the layer is work for all


class Bands:
    """One layer that several servers do together; see `run`.

    Args:
        driver: of the layer's session, as if its server were alone; nothing has begun.
        others: what connects to each of the other servers.
    """

    def __init__(self, driver: Driver, others: Sequence[Connect]) -> None:
        self._session, self._others = driver.session, others
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listen = driver.listener
        source = _OneAtATime(driver.source)
        self._driver = replace(driver, source=source, listener=self._hear)
        self._sessions = [driver.session.fork() for _ in others]
        self._drivers = [
            replace(
                self._driver,
                session=session,
                connect=connect,
                listener=self._take,
                cancelled=self._over.is_set,
            )
            for session, connect in zip(self._sessions, others, strict=True)
        ]
        self._begun: list[Future[Outcome]] = []

    def missing(self) -> int:
        """Return how many tiles no server has sent in their final form."""
        return sum(one.missing() for one in (self._session, *self._sessions))

    def run(self) -> Outcome:
        """Return the outcome of the whole layer; its listener is called on several threads.

        Never two of them call it at the same time.

        Raises:
            TransportError, ProtocolError, Cancelled: see `frisket.client.drive.Driver.run`.
        """
        self._deal()
        try:
            return self._run()
        finally:
            # They call back what holds them: a layer's pixels would wait for a collection.
            del self._driver, self._drivers, self._listen

    def _run(self) -> Outcome:
        try:
            outcome = self._driver.run()
            wait(self._begun)
        finally:
            self._leave()
        left = [tile for one in self._sessions for tile in one.list_missing()]
        if left:
            self._session.want(left)
            for session in self._sessions:
                session.hold(left)
            outcome = self._driver.run()
        self._listen(outcome)
        return outcome

    def _deal(self) -> None:
        """Give every session its stripes, and let it hold all others."""
        sessions = (self._session, *self._sessions)
        for number, stripe in enumerate(_cut_stripes(self._session.grid, len(sessions))):
            for place, session in enumerate(sessions):
                if place != number % len(sessions):
                    session.hold(stripe)

    def _hear(self, event: Event) -> None:
        """Listen to the first server, and begin with the others when there is a coarse alpha."""
        if isinstance(event, (Opened, CoarseRowsReady)):
            self._begin_others()
        if not isinstance(event, Outcome):
            self._tell(event)

    def _take(self, event: Event) -> None:
        """Listen to another server: the first one has said what is true of the whole layer."""
        if not isinstance(event, (Opened, CoarseRowsReady, Outcome)):
            self._tell(event)

    def _tell(self, event: Event) -> None:
        with self._lock:
            self._listen(event)

    def _begin_others(self) -> None:
        if self._begun or self._over.is_set():
            return
        if all(one.take_coarse(self._session) for one in self._sessions):
            self._begun = [begin(driver.run, "frisket-band") for driver in self._drivers]

    def _leave(self) -> None:
        """Let no other server send anything after the end."""
        self._over.set()
        for driver in self._drivers:
            driver.drop()
        wait(self._begun)


class _OneAtATime:
    """A layer that several threads read."""

    def __init__(self, source: TileSource) -> None:
        self._source, self._lock = source, threading.Lock()

    def read_tile(self, rect: TileRect) -> Buffer:
        """Return the rows of a rectangle in the session's tile format."""
        with self._lock:
            return self._source.read_tile(rect)


def _cut_stripes(grid: Grid, servers: int) -> Iterator[range]:
    """Yield the tiles of one stripe after another, whole rows of tiles."""
    height = -(-grid.rows // (servers * _STRIPES))
    step = height * grid.columns
    for first in range(0, grid.count, step):
        yield range(first, min(first + step, grid.count))
