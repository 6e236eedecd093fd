"""Where the time of one call goes: spans around its stages, and how much of it they explain.

Everything here runs on the event loop, and costs a few function calls. Work finds the call that it
belongs to by a context variable, which tasks inherit.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from types import TracebackType

from frisket.server.telemetry.meter import GONE, OK, Meter, Method, Stage
from frisket.server.turns import Priority

Clock = Callable[[], float]


class Trace:
    """One call, while it lasts.

    Args:
        meter: hears what happens.
        method: that was called.
        clock: seconds that only rise.

    Attributes:
        id: what client and log call it: 16 hexadecimal digits.
        meter, method: as given.
        client: as it calls itself; not to be trusted.
        model: that was used; empty where it came not so far.
        size: (width, height) of the layer in pixels.
        outcome: OK, GONE or a reason; what ends a call that rests does not count.
        seconds: in each stage so far; stages overlap. A moment counts for QUEUE once, however
            many pieces of work stand in lines then.
    """

    def __init__(self, meter: Meter, method: Method, clock: Clock = time.perf_counter) -> None:
        self.id = secrets.token_hex(8)
        self.meter, self.method = meter, method
        self.client = self.model = ""
        self.size = (0, 0)
        self.outcome = OK
        self.seconds: dict[Stage, float] = defaultdict(float)
        self._clock = clock
        self._began = self._seen = clock()
        self._active = self._in_lines = 0
        self._in_lines_since = 0.0
        self._resting = self._concluding = False
        self._rested_s = self._explained_s = 0.0
        self._shown = False

    @property
    def wall_s(self) -> float:
        """Seconds since the call began, without those in which it rested."""
        self._look()
        return self._seen - self._began - self._rested_s

    @property
    def explained_s(self) -> float:
        """Seconds of `wall_s` that lie in at least one stage."""
        self._look()
        return self._explained_s

    def _look(self) -> float:
        """Count the time since the last look, and return the moment."""
        now = self._clock()
        if self._resting:
            self._rested_s += now - self._seen
        elif self._active:
            self._explained_s += now - self._seen
        self._seen = now
        return now

    def enter(self) -> float:
        """Begin a stage, and return the moment."""
        now = self._look()
        self._active += 1
        return now

    def leave(self) -> float:
        """End a stage, and return the moment."""
        now = self._look()
        self._active -= 1
        return now

    def enter_line(self) -> float:
        """Let a piece of work wait, and return the moment."""
        now = self.enter()
        if not self._in_lines:
            self._in_lines_since = now
        self._in_lines += 1
        return now

    def leave_line(self) -> float:
        """Let a piece of work wait no more, and return the moment."""
        now = self.leave()
        self._in_lines -= 1
        if not self._in_lines:
            self.seconds[Stage.QUEUE] += now - self._in_lines_since
        return now

    def conclude(self) -> None:
        """Take note that the last word is being written: who has read it may leave at once."""
        self._concluding = True

    def rest(self) -> None:
        """Stop the time: the result is complete, and the client may come back or not."""
        self._look()
        self._resting = True

    def work(self) -> None:
        """Let the time go on."""
        self._look()
        self._resting = self._concluding = False

    def end(self, outcome: str) -> None:
        """Take note of how the call ends; the first word counts."""
        has_all = self._resting or (self._concluding and outcome == GONE)
        if not has_all and self.outcome == OK:
            self.outcome = outcome

    def show(self) -> None:
        """Take note that a mask has been sent."""
        if not self._shown:
            self._shown = True
            self.meter.show_first(self.wall_s)


class Span:
    """A stage of a call, without the time that it stood in lines meanwhile.

    Args:
        trace: the call; None outside of calls.
        stage: what the time goes into.

    Attributes:
        elapsed_s: seconds so far, lines included, without pauses.
    """

    __slots__ = ("_outer", "_since", "_stage", "_trace", "elapsed_s", "queued_s")

    def __init__(self, trace: Trace | None, stage: Stage) -> None:
        self._trace, self._stage = trace, stage
        self._outer: Token[Span | None] | None = None
        self._since: float | None = None
        self.elapsed_s = self.queued_s = 0.0

    def begin(self) -> None:
        """Begin, or go on after a pause."""
        if self._since is None:
            self._since = self._trace.enter() if self._trace else time.perf_counter()

    def pause(self) -> None:
        """Let time pass that is not the stage's."""
        if self._since is not None:
            now = self._trace.leave() if self._trace else time.perf_counter()
            self.elapsed_s += now - self._since
            self._since = None

    def end(self) -> None:
        """Tell how long it took."""
        self.pause()
        if self._trace is not None:
            seconds = max(0.0, self.elapsed_s - self.queued_s)
            self._trace.seconds[self._stage] += seconds
            self._trace.meter.pass_stage(self._stage, seconds)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Pause in a block."""
        self.pause()
        try:
            yield
        finally:
            self.begin()

    def __enter__(self) -> Span:
        self._outer = _span.set(self)
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()
        if self._outer is not None:
            _span.reset(self._outer)


class Wait:
    """A piece of work in a line.

    Args:
        trace: the call that it is of; None outside of calls.
        span: the stage that it is for.
        priority: its class.
    """

    __slots__ = ("_priority", "_since", "_span", "_trace")

    def __init__(self, trace: Trace | None, span: Span | None, priority: Priority) -> None:
        self._trace, self._span, self._priority = trace, span, priority
        self._since: float | None = None
        if trace is not None:
            self._since = trace.enter_line()
            trace.meter.enter_line(priority)

    def end(self) -> None:
        """Tell that it waits no more; only the first time counts."""
        if self._trace is None or self._since is None:
            return
        seconds = self._trace.leave_line() - self._since
        self._since = None
        if self._span is not None:
            self._span.queued_s += seconds
        self._trace.meter.leave_line(self._priority, seconds)

    def run_with(self, others: int) -> None:
        """Tell that a model runs for it, and for so many others in the same run."""
        if self._trace is not None:
            self._trace.meter.run_batch(1 + others)


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_span: ContextVar[Span | None] = ContextVar("span", default=None)


@contextlib.contextmanager
def follow(trace: Trace) -> Iterator[Trace]:
    """Let what is measured in the block be that call's."""
    token = _trace.set(trace)
    try:
        yield trace
    finally:
        _trace.reset(token)


def current() -> Trace | None:
    """Return the call that runs here; None outside of calls."""
    return _trace.get()


def current_id() -> str:
    """Return what the log calls the call that runs here; empty outside of calls."""
    trace = _trace.get()
    return trace.id if trace else ""


def measure(stage: Stage) -> Span:
    """Return a span of the call that runs here: for `with`, or `begin` and `end`."""
    return Span(_trace.get(), stage)


def wait_in_line(priority: Priority) -> Wait:
    """Return what tells when a piece of the call's work waits no more."""
    return Wait(_trace.get(), _span.get(), priority)
