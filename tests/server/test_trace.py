"""What is measured of a call: stages without lines, and how much of the time they explain."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.reasons import Reason
from frisket.server.calls import guard
from frisket.server.errors import ServiceError
from frisket.server.lane import Claim, Entry, Lane
from frisket.server.telemetry.calls import observe, refuse
from frisket.server.telemetry.meter import GONE, OK, Meter, Method, Stage
from frisket.server.telemetry.trace import Trace, current, follow, measure
from frisket.server.turns import Priority


class Listener(Meter):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.pending = dict.fromkeys(Priority, 0)
        self.waits: list[tuple[Priority, float]] = []
        self.stages: list[tuple[Stage, float]] = []
        self.calls: list[tuple[Method, str]] = []
        self.reasons: list[Reason] = []
        self.first: list[float] = []

    def enter_line(self, priority: Priority) -> None:
        self.pending[priority] += 1

    def leave_line(self, priority: Priority, seconds: float) -> None:
        self.pending[priority] -= 1
        self.waits.append((priority, seconds))

    def pass_stage(self, stage: Stage, seconds: float) -> None:
        self.stages.append((stage, seconds))

    def show_first(self, seconds: float) -> None:
        self.first.append(seconds)

    def refuse(self, reason: Reason) -> None:
        self.reasons.append(reason)

    def end_call(self, method: Method, outcome: str, seconds: float) -> None:
        self.calls.append((method, outcome))


class Hands:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


# What may happen to a call: time passes, a stage begins or ends, it rests or works.
EVENTS = st.lists(
    st.one_of(st.integers(1, 50), st.sampled_from(["begin", "end", "rest", "work"])), max_size=60
)


@given(EVENTS)
def test_the_explained_time_is_the_union_of_stages_outside_of_rests(
    events: list[int | str],
) -> None:
    clock = Hands()
    trace = Trace(Meter(), Method.MATTE, clock)
    active, resting, wall, union = 0, False, 0, 0
    for event in events:
        if isinstance(event, int):
            clock.now += event
            wall += 0 if resting else event
            union += event if active and not resting else 0
        elif event == "begin":
            trace.enter()
            active += 1
        elif event == "end" and active:
            trace.leave()
            active -= 1
        elif event == "rest":
            trace.rest()
            resting = True
        elif event == "work":
            trace.work()
            resting = False
    assert (trace.wall_s, trace.explained_s) == (wall, union)


def test_a_stage_is_told_without_its_pauses_and_what_it_stood_in_line() -> None:
    clock, listener = Hands(), Listener()

    async def perform(entries: list[Entry[float]]) -> None:
        for entry in entries:
            clock.now += entry.work
            entry.settle(None)

    async def run() -> None:
        lane: Lane[float] = Lane(1, perform)  # type: ignore[arg-type]
        with follow(Trace(listener, Method.MATTE, clock)):
            first = asyncio.ensure_future(lane.submit(Claim(priority=Priority.TILE), 8.0))
            await asyncio.sleep(0)
            with measure(Stage.SOLVE) as span:
                await lane.submit(Claim(priority=Priority.BATCH), 2.0)
                with span.paused():
                    clock.now += 50.0
            await first
        assert span.elapsed_s == 10.0

    asyncio.run(run())
    assert (Stage.SOLVE, 2.0) in listener.stages
    assert sorted(listener.waits) == [(Priority.TILE, 0.0), (Priority.BATCH, 8.0)]
    assert set(listener.pending.values()) == {0}


def test_pieces_that_wait_together_make_a_call_wait_once() -> None:
    """A layer's tiles stand in one line: their waits together may exceed the whole call."""
    clock, listener = Hands(), Listener()
    trace = Trace(listener, Method.MATTE, clock)

    async def perform(entries: list[Entry[float]]) -> None:
        for entry in entries:
            clock.now += entry.work
            entry.settle(None)

    async def run() -> None:
        lane: Lane[float] = Lane(1, perform)  # type: ignore[arg-type]
        with follow(trace):
            await asyncio.gather(*(lane.submit(Claim(), seconds) for seconds in (8.0, 2.0, 4.0)))
            clock.now += 5.0
            await asyncio.gather(*(lane.submit(Claim(), seconds) for seconds in (1.0, 3.0)))

    asyncio.run(run())
    assert sorted(seconds for _, seconds in listener.waits) == [0.0, 0.0, 1.0, 8.0, 10.0]
    assert trace.seconds[Stage.QUEUE] == 11.0
    assert trace.explained_s == 11.0


def test_who_leaves_a_line_is_pending_no_more() -> None:
    listener = Listener()

    async def perform(entries: list[Entry[None]]) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        lane: Lane[None] = Lane(1, perform)  # type: ignore[arg-type]
        with follow(Trace(listener, Method.MATTE)):
            tasks = [asyncio.ensure_future(lane.submit(Claim(), None)) for _ in range(3)]
            while listener.pending[Priority.TILE] != 2:
                await asyncio.sleep(0)
            tasks[2].cancel()
            await asyncio.wait({tasks[2]})
            assert listener.pending[Priority.TILE] == 1

    asyncio.run(run())


def test_how_a_call_ended_is_told() -> None:
    listener = Listener()

    def end(error: BaseException | None, complete: bool = False) -> None:
        try:
            with observe(listener, Method.MATTE) as trace:
                if complete:
                    trace.rest()
                if isinstance(error, ServiceError):
                    refuse(listener, error)
                if error is not None:
                    raise error
        except (ServiceError, asyncio.CancelledError):
            pass

    end(None)
    end(asyncio.CancelledError())
    end(asyncio.CancelledError(), complete=True)
    end(ServiceError(Reason.BAD_TILE, "Not that one."))
    assert [outcome for _, outcome in listener.calls] == [OK, GONE, OK, "BAD_TILE"]
    assert listener.reasons == [Reason.BAD_TILE]


def test_only_the_first_mask_is_the_first() -> None:
    listener = Listener()
    trace = Trace(listener, Method.MATTE, clock := Hands())
    clock.now += 3
    trace.show()
    trace.show()
    assert listener.first == [3.0]


def test_outside_of_calls_nothing_is_told() -> None:
    with measure(Stage.READ) as span:
        assert current() is None
    assert span.elapsed_s >= 0


def test_a_stage_that_fails_is_over() -> None:
    clock = Hands()
    trace = Trace(Listener(), Method.MATTE, clock)
    with follow(trace), pytest.raises(OSError), measure(Stage.WRITE):
        raise OSError
    clock.now += 5
    assert (trace.wall_s, trace.explained_s) == (5.0, 0.0)


@pytest.mark.parametrize(("leave", "outcome"), [(GONE, OK), (Reason.IDLE.value, Reason.IDLE.value)])
def test_who_leaves_while_the_last_word_is_written_has_all(leave: str, outcome: str) -> None:
    """The client may have read it before the server knows that it is written."""
    trace = Trace(Meter(), Method.MATTE)
    trace.conclude()
    trace.end(leave)
    assert trace.outcome == outcome


def test_who_asks_again_after_the_last_word_and_leaves_has_not_all() -> None:
    trace = Trace(Meter(), Method.MATTE)
    trace.conclude()
    trace.work()
    trace.end(GONE)
    assert trace.outcome == GONE


def test_a_caller_who_leaves_while_it_is_written_to_is_gone_and_no_failure() -> None:
    listener, method = Listener(), Method.MATTE

    async def write() -> None:
        # What gRPC raises where a message cannot be written any more.
        raise grpc.aio.InternalError("Failed execute_batch")

    async def call() -> None:
        with observe(listener, method):
            await guard(listener, None, write())  # type: ignore[arg-type]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(call())
    assert listener.calls == [(method, GONE)] and listener.reasons == []
