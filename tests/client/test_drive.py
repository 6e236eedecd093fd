"""The driver ends a session: over losses, in any order, after changes, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.drive import Driver
from frisket.client.errors import Cancelled, ProtocolError, TransportError
from frisket.client.events import AlphaReady, Outcome, Waiting
from frisket.client.options import Change, Edge, HintSet, Point
from frisket.client.transport import ScriptedCall, ScriptedTransport
from frisket.protocol.limits import MAX_REJECTIONS
from frisket.v1 import matting_pb2 as pb

from .script import Script, Source, a_session


def test_a_whole_conversation_ends_with_an_outcome() -> None:
    events: list[object] = []
    transport = ScriptedTransport([ScriptedCall(Script().answer)])
    outcome = Driver(a_session(), lambda: transport, Source(), events.append).run()
    assert isinstance(outcome, Outcome)
    assert [event.tile_id for event in events if isinstance(event, AlphaReady)] == [7]


@given(st.lists(st.integers(0, 3), max_size=4))
def test_lost_streams_are_opened_again(losses: list[int]) -> None:
    scripts = [Script(lose_after=loss) for loss in losses if loss < 3] + [Script()]
    calls = iter([ScriptedCall(script.answer) for script in scripts])
    driver = Driver(
        a_session(),
        lambda: ScriptedTransport([next(calls)]),
        Source(),
        lambda event: None,
        retry_delays=(0.0,) * 6,
    )
    assert not driver.run().cancelled


def test_a_final_refusal_is_not_tried_again() -> None:
    def refuse(request: pb.MatteRequest) -> list[pb.MatteResponse]:
        raise TransportError("NOT_FOUND", "UNKNOWN_MODEL", "no such model", False)

    opened_times = []

    def connect() -> ScriptedTransport:
        opened_times.append(1)
        return ScriptedTransport([ScriptedCall(refuse)])

    with pytest.raises(TransportError):
        Driver(a_session(), connect, Source(), lambda event: None).run()
    assert len(opened_times) == 1


def test_cancelling_drops_the_stream() -> None:
    call = ScriptedCall(Script().answer)
    driver = Driver(
        a_session(),
        lambda: ScriptedTransport([call]),
        Source(),
        lambda event: None,
        cancelled=lambda: True,
    )
    with pytest.raises(Cancelled):
        driver.run()
    assert call.cancelled


def test_tiles_go_in_the_order_that_the_caller_wants() -> None:
    script = Script(needed=(1, 2, 5, 7))
    transport = ScriptedTransport([ScriptedCall(script.answer)])
    driver = Driver(a_session(), lambda: transport, Source(), lambda event: None)
    driver.order = lambda tiles: tiles[::-1]
    driver.run()
    assert script.answered == [7, 5, 2, 1]


def test_changes_follow_an_outcome_on_the_same_stream() -> None:
    script = Script()
    changes = iter([Change(edge=Edge(shift_px=3)), Change(hints=HintSet(points=(Point(5, 5),)))])
    outcomes: list[Outcome] = []

    def next_change(outcome: Outcome) -> Change | None:
        outcomes.append(outcome)
        return next(changes, None)

    transport = ScriptedTransport([ScriptedCall(script.answer)])
    driver = Driver(
        a_session(), lambda: transport, Source(), lambda event: None, next_change=next_change
    )
    assert driver.run() is outcomes[-1]
    assert [update.revision for update in script.updates] == [1, 2]
    assert script.updates[0].edge.shift_px == 3
    assert script.updates[1].hints.points[0].x == 5


def test_a_change_that_a_loss_swallows_is_part_of_the_next_opening() -> None:
    lost, whole = Script(lose_after=3), Script()
    calls = iter([ScriptedCall(lost.answer), ScriptedCall(whole.answer)])
    changes = iter([Change(edge=Edge(shift_px=3))])
    driver = Driver(
        a_session(),
        lambda: ScriptedTransport([next(calls)]),
        Source(),
        lambda event: None,
        retry_delays=(0.0,),
        next_change=lambda outcome: next(changes, None),
    )
    driver.run()
    assert lost.updates == []
    assert whole.opening.options.edge.shift_px == 3
    assert not whole.opening.held, "nobody knows which tiles the change has left as they were"


def test_dropping_ends_the_stream_whoever_asks() -> None:
    call = ScriptedCall(Script().answer)
    driver = Driver(a_session(), lambda: ScriptedTransport([call]), Source(), lambda event: None)
    driver.drop()
    driver.listener = lambda event: driver.drop()
    driver.run()
    assert call.cancelled


def test_a_tile_that_is_rejected_again_and_again_ends_the_session() -> None:
    failure = pb.TileFailure(tile_id=7, reason="CORRUPT_PIXELS", message="It arrived damaged.")

    class Rejecting(Script):
        def answer(self, request: pb.MatteRequest) -> list[pb.MatteResponse]:
            if request.HasField("tile"):
                again = pb.NeedTiles(tile_ids=[7])
                return [pb.MatteResponse(failure=failure), pb.MatteResponse(need=again)]
            return super().answer(request)

    script = Rejecting()
    transport = ScriptedTransport([ScriptedCall(script.answer)])
    driver = Driver(a_session(), lambda: transport, Source(), lambda event: None)
    with pytest.raises(ProtocolError, match="It arrived damaged"):
        driver.run()
    assert driver.rejections == MAX_REJECTIONS + 1


def _busy_then(rest: Script, times: int, retry_s: float) -> list[ScriptedCall]:
    def refuse(request: pb.MatteRequest) -> list[pb.MatteResponse]:
        raise TransportError("RESOURCE_EXHAUSTED", "BUSY", "full", True, retry_s=retry_s)

    return [*(ScriptedCall(refuse) for _ in range(times)), ScriptedCall(rest.answer)]


def test_a_busy_server_is_waited_for_as_long_as_it_says_and_somebody_is_told() -> None:
    events: list[object] = []
    transport = ScriptedTransport(_busy_then(Script(), 4, 0.01))
    driver = Driver(a_session(), lambda: transport, Source(), events.append, retry_delays=())
    driver.run()
    waits = [event for event in events if isinstance(event, Waiting)]
    assert len(waits) == 4, "no lost connection, so none of the attempts after one"
    assert all(0.01 <= wait.seconds <= 0.015 and wait.message == "full" for wait in waits)
    assert len({wait.seconds for wait in waits}) > 1, "not all clients come back at once"


def test_a_server_that_is_busy_for_too_long_is_an_error() -> None:
    transport = ScriptedTransport(_busy_then(Script(), 9, 0.01))
    driver = Driver(a_session(), lambda: transport, Source(), lambda event: None)
    driver.busy_patience_s = 0.03
    with pytest.raises(TransportError, match="full"):
        driver.run()


def test_a_wait_ends_when_the_work_is_cancelled() -> None:
    events: list[object] = []
    transport = ScriptedTransport(_busy_then(Script(), 1, 60.0))
    driver = Driver(a_session(), lambda: transport, Source(), events.append, busy_patience_s=99)
    driver.cancelled = lambda: any(isinstance(event, Waiting) for event in events)
    with pytest.raises(Cancelled):
        driver.run()
