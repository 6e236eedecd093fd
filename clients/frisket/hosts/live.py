"""A session whose server is told where the user looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from frisket.client.drive import Driver
from frisket.client.events import Event
from frisket.client.transport import Call
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

# How often to ask the host where the user looks.
_GLANCE_S = 0.5


@dataclass
class LiveDriver(Driver):
    """A driver that tells the server where the user looks, so that it works there first.

    Attributes:
        sight: returns what of the layer is in sight, or None where nobody knows.
    """

    sight: Callable[[], TileRect | None] = lambda: None
    _looked: float = field(default=float("-inf"), init=False, repr=False)
    _seen: TileRect | None = field(default=None, init=False, repr=False)

    def begin(self, call: Call) -> None:
        """Open the session with what is in sight now."""
        self._look()
        super().begin(call)

    def react(self, call: Call, event: Event) -> None:
        """Send what an event asks for, and where the user looks when that has changed."""
        super().react(call, event)
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
