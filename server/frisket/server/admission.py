"""How many calls work at once and a minute, whose they are, and whether new ones may begin."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.limits import Limits
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current, measure

_LEAVE_S = 5.0  # how long somebody who was dismissed is waited for
_LINGER_S = 1.0  # how long who has finished may still end by itself when the server leaves
_caller: ContextVar[str] = ContextVar("caller", default="")


class Seat:
    """A place of the server while a session or a picture has it.

    Args:
        admission: whose place it is.
        caller: who has it.

    Attributes:
        left: set when it is free again.
        fail: ends the work in it, with the reason.
        resting: it may be taken away.
        shared: several conversations are in it, so that the end of one is not the end of work.
    """

    def __init__(self, admission: Admission, caller: str = "") -> None:
        self.admission, self.caller = admission, caller
        self.left = asyncio.Event()
        self.fail: Callable[[ServiceError], None] = lambda error: None
        self.resting = self.shared = False

    def conclude(self) -> None:
        """Take note that the last word of a result is on its way to the caller."""
        if not self.shared and (trace := current()):
            trace.conclude()

    def rest(self) -> None:
        """Offer the place to others."""
        if not self.resting and not self.shared:
            self.resting = True
            self.admission.note_rest(self)
            if trace := current():
                trace.rest()

    def work(self) -> None:
        """Keep the place again."""
        self.resting = False
        if trace := current():
            trace.work()

    def dismiss(self, error: ServiceError) -> None:
        """Let who rests here leave."""
        if self.resting:
            self.resting = False
            self.fail(error)


class Rate:
    """So many calls a minute: a bucket that fills steadily.

    Args:
        most: calls a minute, and calls at once after a pause.
        clock: seconds that only rise.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._left, self._seen = float(most), clock()

    def take(self) -> float:
        """Count one call; return 0, or the seconds until there is room for one."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._seen) * self._most / 60)
        self._seen = now
        if self._left < 1:
            return (1 - self._left) * 60 / self._most
        self._left -= 1
        return 0.0


class Admission:
    """Counts what is open, and refuses when draining or full.

    Args:
        limits: of calls and sessions.
        device: what the server was asked to run on, as it is shown to clients.
        clock: seconds that only rise.

    Attributes:
        draining: no new work is taken.
        last_call: when the last session ended, by the clock.
    """

    def __init__(
        self, limits: Limits, device: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.device = device
        self.draining = False
        self._limits, self._clock = limits, clock
        self.last_call = clock()
        self._seats: dict[Seat, None] = {}  # who rests longest comes first among the resting
        self._calls: Counter[str] = Counter()
        self._rates: dict[str, Rate] = {}

    @property
    def open(self) -> int:
        """Sessions and pictures that have a place."""
        return len(self._seats)

    @property
    def limit(self) -> int:
        """Sessions and pictures that may have one."""
        return self._limits.sessions

    @contextlib.contextmanager
    def call(self, caller: str) -> Iterator[None]:
        """Count a call of any kind while it lasts.

        Args:
            caller: stands for the token, and is known for what the block opens.

        Raises:
            ServiceError: BUSY.
        """
        if self._calls[caller] >= self._limits.calls_per_token:
            raise _busy(f"This token has {self._calls[caller]} calls open, which is the most.", 1.0)
        rate = self._rates.setdefault(caller, Rate(self._limits.calls_per_minute, self._clock))
        if wait_s := rate.take():
            most = self._limits.calls_per_minute
            raise _busy(f"This token makes more than {most} calls a minute.", wait_s)
        self._calls[caller] += 1
        token = _caller.set(caller)
        try:
            yield
        finally:
            _caller.reset(token)
            self._calls[caller] -= 1

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[Seat]:
        """Hold a place while a call works; who rests in one gives it up for others.

        Raises:
            ServiceError: DRAINING or BUSY.
        """
        caller = _caller.get()
        if not self._has_room(caller):
            # Whoever has all its own places gets one of those, not somebody else's.
            await self.make_room(caller if self._has_its_share(caller) else None)
        self._refuse(caller)
        seat = Seat(self, caller)
        self._seats[seat] = None
        try:
            yield seat
        finally:
            del self._seats[seat]
            seat.left.set()
            self.last_call = self._clock()

    async def make_room(self, caller: str | None = None) -> bool:
        """Dismiss who rests longest and wait until it has left; False when nobody rests.

        Args:
            caller: whose places alone may be taken; None for anybody's.
        """
        resting = (seat for seat in self._seats if seat.resting)
        seat = next((seat for seat in resting if caller in (None, seat.caller)), None)
        if seat is None:
            return False
        seat.dismiss(_busy("The place was needed: open again with the tiles you hold.", 1.0))
        with contextlib.suppress(asyncio.TimeoutError), measure(Stage.LOAD):
            await asyncio.wait_for(seat.left.wait(), _LEAVE_S)
        return True

    def note_rest(self, seat: Seat) -> None:
        """Take note that the work in a place rests from now on."""
        self._seats[seat] = self._seats.pop(seat, None)
        if self.draining:
            # A client that has all it wants ends its stream by itself.
            asyncio.get_running_loop().call_later(_LINGER_S, seat.dismiss, _draining())

    def drain(self) -> None:
        """Take no new work, and let who rests leave."""
        self.draining = True
        for seat in list(self._seats):
            seat.dismiss(_draining())

    def expel(self) -> None:
        """End whatever works still."""
        for seat in list(self._seats):
            seat.fail(_draining())

    def _refuse(self, caller: str) -> None:
        if self.draining:
            raise _draining()
        if not self._has_room(caller):
            whose = "this server" if self.open >= self.limit else "your token"
            raise _busy(f"All places of {whose} are taken: try again shortly.", 1.0)

    def _has_room(self, caller: str) -> bool:
        return self.open < self.limit and not self._has_its_share(caller)

    def _has_its_share(self, caller: str) -> bool:
        """Return whether a token has as many places as one token may have."""
        mine = sum(seat.caller == caller for seat in self._seats)
        return mine >= (self._limits.sessions_per_token or self.limit)


def _busy(message: str, retry_s: float) -> ServiceError:
    return ServiceError(Reason.BUSY, message, retry_s=retry_s)


def _draining() -> ServiceError:
    return ServiceError(Reason.DRAINING, "This server is shutting down.")
