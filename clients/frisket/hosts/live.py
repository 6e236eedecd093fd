"""A session that stays open after its matte is complete, so that hints can change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frisket.client.drive import Driver
from frisket.client.events import Outcome
from frisket.client.options import Edge, HintSet
from frisket.client.transport import Call, Transport


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
    """

    next_change: Callable[[Outcome], Change | None] = lambda outcome: None
    _call: Call | None = None

    def drop(self) -> None:
        """Break the stream at once; any thread may call it."""
        if self._call is not None:
            self._call.cancel()

    def _stream(self, transport: Transport) -> Outcome:
        self._call = call = transport.matte()
        try:
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
