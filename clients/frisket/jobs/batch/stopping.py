"""What ends a batch or a watch before its time, from any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frisket.jobs.batch.run import Crew


class Stoppable:
    """Work of one crew after another, which may be stopped before the first has come."""

    def __init__(self) -> None:
        self._crew: Crew | None = None
        self._stopped = False

    def _employ(self, crew: Crew) -> None:
        """Let a crew be the one that is stopped; at once where that was asked for meanwhile."""
        self._crew = crew
        if self._stopped:
            crew.stop()

    def stop(self) -> None:
        """Begin nothing more; what is at work is finished. Any thread may call it."""
        self._stopped = True
        if self._crew is not None:
            self._crew.stop()

    def abandon(self) -> None:
        """Remove what is half-written, because the program ends now."""
        self.stop()
        if self._crew is not None:
            self._crew.abandon()
