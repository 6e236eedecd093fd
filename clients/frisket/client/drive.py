"""Drives a session over a transport until the matte is complete, and again after a loss.

Blocking and single-threaded; standard library and protobuf only. A host with an event
loop runs it in a worker thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from frisket.client.errors import Cancelled, ProtocolError, TransportError
from frisket.client.events import Event, Outcome, TileRejected, TilesNeeded
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
    """

    session: Session
    connect: Connect
    source: TileSource
    listener: Listener
    cancelled: Callable[[], bool] = lambda: False
    retry_delays: tuple[float, ...] = RETRY_DELAYS_S
    rejections: int = 0

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

    def _attempt(self) -> Outcome:
        transport = self.connect()
        try:
            return self._stream(transport)
        finally:
            transport.close()

    def _stream(self, transport: Transport) -> Outcome:
        call = transport.matte()
        try:
            for request in self.session.open():
                call.send(request)
            outcome = self._exchange(call)
            call.finish()
            return outcome
        except BaseException:
            call.cancel()
            raise

    def _exchange(self, call: Call) -> Outcome:
        while True:
            if self.cancelled():
                raise Cancelled("Stopped before the matte was complete.")
            response = call.receive()
            if response is None:
                raise TransportError("UNAVAILABLE", "", "The server ended the stream early.", True)
            for event in self.session.receive(response):
                self._react(call, event)
                self.listener(event)
                if isinstance(event, Outcome):
                    return event

    def _react(self, call: Call, event: Event) -> None:
        if isinstance(event, TilesNeeded):
            for tile_id in event.tile_ids:
                pixels = self.source.read_tile(self.session.grid.rect(tile_id))
                call.send(self.session.tile(tile_id, pixels))
        elif isinstance(event, TileRejected):
            self.rejections += 1
            if self.rejections > MAX_REJECTIONS:
                raise ProtocolError(f"The server could not use a tile: {event.message}")
