"""Drives a session over a transport until the matte is complete, and again after a loss.

Blocking and single-threaded; standard library and protobuf only. A host with an event
loop runs it in a worker thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from frisket.client.errors import Cancelled, ProtocolError, TransportError
from frisket.client.events import Event, Outcome, TileRejected, TilesNeeded
from frisket.client.options import Change
from frisket.client.session import Buffer, Session
from frisket.client.transport import Call, Connect, Transport
from frisket.protocol.grid import TileRect
from frisket.protocol.limits import MAX_REJECTIONS

# A server that was killed takes this long to be replaced by a fresh one, and more.
RETRY_DELAYS_S = (0.1, 0.5, 1.0, 2.0, 4.0)


class TileSource(Protocol):
    """Where a session's tiles come from."""

    def read_tile(self, rect: TileRect) -> Buffer:
        """Return the rows of a rectangle in the session's tile format."""


Listener = Callable[[Event], None]


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
        failures = 0
        while True:
            before = self.session.missing()
            try:
                return self._attempt()
            except TransportError as error:
                if self.cancelled():
                    raise Cancelled("Stopped before the matte was complete.") from error
                failures = 0 if self.session.missing() < before else failures
                if not error.retryable or failures >= len(self.retry_delays):
                    raise
                time.sleep(self.retry_delays[failures])
                failures += 1

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
