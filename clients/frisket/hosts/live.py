"""A session that stays open after its matte is complete, so that hints can change it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from frisket.client.drive import Driver
from frisket.client.events import Event, Outcome
from frisket.client.options import Edge, HintSet
from frisket.client.transport import Call, Transport
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

# How often to ask the host where the user looks.
_GLANCE_S = 0.5


@dataclass(frozen=True)
class Change:
    """What the user changed; None leaves it as it was."""

    hints: HintSet | None = None
    edge: Edge | None = None


@dataclass
class LiveDriver(Driver):
    """Runs a session, then every change, until there are no more.

    Attributes:
        next_change: called when a matte is complete; waits for the next change and
            returns it, or None to end the session.
        sight: returns what of the layer is in sight, or None where nobody knows.
    """

    next_change: Callable[[Outcome], Change | None] = lambda outcome: None
    sight: Callable[[], TileRect | None] = lambda: None
    _call: Call | None = None
    _looked: float = float("-inf")
    _seen: TileRect | None = None

    def drop(self) -> None:
        """Break the stream at once; any thread may call it."""
        if self._call is not None:
            self._call.cancel()

    def _stream(self, transport: Transport) -> Outcome:
        self._call = call = transport.matte()
        try:
            self._look()
            for request in self.session.open():
                call.send(request)
            outcome = self._exchange(call)
            # A change that a lost connection swallows is part of the next opening.
            while (change := self.next_change(outcome)) is not None:
                for request in self.session.change(change.hints, change.edge):
                    call.send(request)
                outcome = self._exchange(call)
            call.finish()
            return outcome
        except BaseException:
            call.cancel()
            raise

    def _react(self, call: Call, event: Event) -> None:
        super()._react(call, event)
        request = self._look()
        if request is not None:
            call.send(request)

    def _look(self) -> pb.MatteRequest | None:
        """Return the request that tells the server where the user looks now, if it is new."""
        if time.monotonic() - self._looked < _GLANCE_S:
            return None
        self._looked = time.monotonic()
        seen = self.sight()
        if seen is None or seen == self._seen:
            return None
        self._seen = seen
        return self.session.look_at(seen)
