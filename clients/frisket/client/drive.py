"""Drives a session over a transport until the matte is complete, and again after a loss.

Blocking and single-threaded; standard library and protobuf only. A host with an event
loop runs it in a worker thread.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from frisket.client.errors import Cancelled, ProtocolError, TransportError
from frisket.client.events import Event, Outcome, TileRejected, TilesNeeded, Waiting
from frisket.client.options import Change
from frisket.client.session import Buffer, Session
from frisket.client.transport import Call, Connect, Transport
from frisket.protocol.grid import TileRect
from frisket.protocol.limits import MAX_REJECTIONS
from frisket.protocol.reasons import Reason

# A server that was killed takes this long to be replaced by a fresh one, and more.
RETRY_DELAYS_S = (0.1, 0.5, 1.0, 2.0, 4.0)
BUSY_PATIENCE_S = 10.0
"""How long a server may have no room; somebody sits before the screen."""
_BUSY_S = 1.0  # where a server does not say when to come back
_SPREAD = 0.5  # so much longer waits who waits longest: not all come back in the same moment
_STEP_S = 0.1


class TileSource(Protocol):
    """Where a session's tiles come from."""

    def read_tile(self, rect: TileRect) -> Buffer:
        """Return the rows of a rectangle in the session's tile format."""


Listener = Callable[[Event], None]


@dataclass
class _Losses:
    """What went wrong in a row, and how long to wait before the next attempt.

    Attributes:
        delays: seconds to wait after each loss of a connection.
        patience_s: seconds that a server may be busy.
    """

    delays: tuple[float, ...]
    patience_s: float
    lost: int = 0
    waited_s: float = 0.0

    def count(self, error: TransportError) -> float | None:
        """Return the seconds to wait after an error; None: it is final."""
        if not error.retryable:
            return None
        if error.reason == Reason.BUSY:
            pause_s = (error.retry_s or _BUSY_S) * random.uniform(1.0, 1.0 + _SPREAD)
            self.waited_s += pause_s
            return pause_s if self.waited_s <= self.patience_s else None
        if self.lost >= len(self.delays):
            return None
        self.lost += 1
        return self.delays[self.lost - 1]


@dataclass
class Driver:
    """Runs one session.

    Attributes:
        session: the session to run.
        connect: opens a connection; called again, perhaps to another server, after a loss.
        source: gives the tiles the server asks for.
        listener: called with every event, on the driver's thread.
        cancelled: asked between events; True ends the work.
        retry_delays: seconds to wait before each new attempt after a loss; attempts that
            brought at least one tile do not count.
        busy_patience_s: seconds that a server may be busy, in a row, before that is an error.
        next_change: called with every outcome; waits for the next change and returns it,
            or None to end the session.
        order: returns the tiles that the server asks for in the order they are to be sent.
        rejections: how many tiles the server could not use so far.
    """

    session: Session
    connect: Connect
    source: TileSource
    listener: Listener
    cancelled: Callable[[], bool] = lambda: False
    retry_delays: tuple[float, ...] = RETRY_DELAYS_S
    busy_patience_s: float = BUSY_PATIENCE_S
    next_change: Callable[[Outcome], Change | None] = lambda outcome: None
    order: Callable[[tuple[int, ...]], Iterable[int]] = lambda tile_ids: tile_ids
    rejections: int = 0
    _call: Call | None = field(default=None, init=False, repr=False)

    def run(self) -> Outcome:
        """Return the outcome of the session.

        Raises:
            TransportError: the server refused, or was lost for good.
            ProtocolError: the server broke the protocol.
            Cancelled: `cancelled` said so.
        """
        losses = _Losses(self.retry_delays, self.busy_patience_s)
        while True:
            before = self.session.missing()
            try:
                return self._attempt()
            except TransportError as error:
                if self.session.missing() < before:
                    losses = _Losses(self.retry_delays, self.busy_patience_s)
                self._bear(error, losses)

    def _bear(self, error: TransportError, losses: _Losses) -> None:
        """Wait after an error that may pass.

        Raises:
            TransportError: it is final.
            Cancelled: `cancelled` said so.
        """
        if not self.cancelled():
            pause_s = losses.count(error)
            if pause_s is None:
                raise error
            if error.reason == Reason.BUSY:
                self.listener(Waiting(pause_s, str(error)))
            self._sleep(pause_s)
        if self.cancelled():
            raise Cancelled("Stopped before the matte was complete.") from error

    def _sleep(self, seconds: float) -> None:
        """Wait, no longer than until the work is cancelled."""
        until = time.monotonic() + seconds
        while not self.cancelled() and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(_STEP_S, left_s))

    def drop(self) -> None:
        """Break the stream at once; any thread may call it."""
        if self._call is not None:
            self._call.cancel()

    def begin(self, call: Call) -> None:
        """Send what opens, or resumes, the session on a fresh stream."""
        for request in self.session.open():
            call.send(request)

    def change(self, call: Call, change: Change) -> None:
        """Send what changes the session on its open stream."""
        for request in self.session.change(change.hints, change.edge):
            call.send(request)

    def exchange(self, call: Call) -> Outcome:
        """Answer the server until this revision is complete, and return its outcome.

        Raises:
            TransportError: the stream broke.
            ProtocolError: the server broke the protocol.
            Cancelled: `cancelled` said so.
        """
        while True:
            if self.cancelled():
                raise Cancelled("Stopped before the matte was complete.")
            response = call.receive()
            if response is None:
                raise TransportError("UNAVAILABLE", "", "The server ended the stream early.", True)
            for event in self.session.receive(response):
                self.react(call, event)
                self.listener(event)
                if isinstance(event, Outcome):
                    return event

    def react(self, call: Call, event: Event) -> None:
        """Send what an event asks for.

        Raises:
            ProtocolError: the server rejected one tile too many.
        """
        if isinstance(event, TilesNeeded):
            for tile_id in self.order(event.tile_ids):
                pixels = self.source.read_tile(self.session.grid.rect(tile_id))
                call.send(self.session.tile(tile_id, pixels))
        elif isinstance(event, TileRejected):
            self.rejections += 1
            if self.rejections > MAX_REJECTIONS:
                raise ProtocolError(f"The server could not use a tile: {event.message}")

    def _attempt(self) -> Outcome:
        transport = self.connect()
        try:
            return self._stream(transport)
        finally:
            transport.close()

    def _stream(self, transport: Transport) -> Outcome:
        self._call = call = transport.matte()
        try:
            self.begin(call)
            outcome = self.exchange(call)
            # A change that a lost connection swallows is part of the next opening.
            while (change := self.next_change(outcome)) is not None:
                self.change(call, change)
                outcome = self.exchange(call)
            call.finish()
            return outcome
        except BaseException:
            call.cancel()
            raise
