"""How many calls work at once, and whether new ones may."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError


class Admission:
    """Counts what is open, and refuses when draining or full.

    Args:
        limit: calls that may work at once.
        device: what the server was asked to run on, as it is shown to clients.

    Attributes:
        open: calls that work now.
        draining: no new work is taken.
        last_call: when the last call ended or began, by the monotonic clock.
    """

    def __init__(self, limit: int, device: str) -> None:
        self.limit = limit
        self.device = device
        self.open = 0
        self.draining = False
        self.last_call = time.monotonic()

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a place while a call works.

        Raises:
            ServiceError: DRAINING or BUSY.
        """
        if self.draining:
            raise ServiceError(Reason.DRAINING, "This server is shutting down.")
        if self.open >= self.limit:
            raise ServiceError(
                Reason.BUSY,
                f"All {self.limit} places of this server are taken: try again shortly.",
                retry_s=1.0,
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
            self.last_call = time.monotonic()
