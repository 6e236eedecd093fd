"""The session bears whatever a server sends: events or ProtocolError, nothing else."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.decode import unpack
from frisket.client.drive import Driver
from frisket.client.errors import Cancelled, ProtocolError, TransportError
from frisket.client.events import AlphaReady, Outcome
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.client.transport import ScriptedCall, ScriptedTransport
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

LAYER = LayerSpec(100, 60, PixelFormat.RGB8, 100, 60, PixelFormat.RGB8)
TILES = 8  # of 32 px: 4 x 2


def a_session() -> Session:
    return Session(LAYER, Options(), bytes(100 * 60 * 3), tile_size=32)


def pixels(data: bytes) -> pb.Pixels:
    return pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))


def opened() -> pb.MatteResponse:
    return pb.MatteResponse(
        opened=pb.OpenedResponse(protocol_version=1, tile_size=32, tile_count=TILES, model="m")
    )


class Script:
    """Answers as a server would, with one tile that is not solid."""

    def __init__(self, lose_after: int = 1000) -> None:
        self.left = lose_after
        self.held: list[int] = []

    def answer(self, request: pb.MatteRequest) -> list[pb.MatteResponse]:
        self.left -= 1
        if self.left < 0:
            raise TransportError("UNAVAILABLE", "", "lost", True)
        phase = request.WhichOneof("phase")
        if phase == "open":
            self.held = [run.first for run in request.open.held]
            return [opened()]
        if phase == "rows":
            return self._after_the_proxy()
        return [self._alpha(request.tile.tile_id), self._finished()]

    def _after_the_proxy(self) -> list[pb.MatteResponse]:
        coarse = pb.CoarseRows(first_row=0, row_count=60, pixels=pixels(bytes(6000)))
        solid = pb.SolidTiles(transparent=[pb.TileRun(first=0, count=7)])
        need = pb.NeedTiles(tile_ids=[7])
        return [
            pb.MatteResponse(coarse=coarse),
            pb.MatteResponse(solid=solid),
            pb.MatteResponse(need=need),
        ]

    def _alpha(self, tile: int) -> pb.MatteResponse:
        alpha = pb.AlphaTile(tile_id=tile, stage=pb.STAGE_FINAL, pixels=pixels(bytes(4 * 28)))
        return pb.MatteResponse(alpha=alpha)

    def _finished(self) -> pb.MatteResponse:
        return pb.MatteResponse(finished=pb.FinishedResponse())


class Source:
    def read_tile(self, rect: TileRect) -> bytes:
        return bytes(rect.width * rect.height * 3)


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


responses = st.one_of(
    st.builds(
        lambda v, t, n: pb.MatteResponse(
            opened=pb.OpenedResponse(protocol_version=v, tile_size=t, tile_count=n)
        ),
        st.integers(0, 2),
        st.sampled_from([32, 64]),
        st.sampled_from([TILES, 9]),
    ),
    st.builds(
        lambda f, n, d: pb.MatteResponse(
            coarse=pb.CoarseRows(first_row=f, row_count=n, pixels=pixels(d))
        ),
        st.integers(0, 70),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=300),
    ),
    st.builds(
        lambda f, n: pb.MatteResponse(solid=pb.SolidTiles(opaque=[pb.TileRun(first=f, count=n)])),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
    ),
    st.builds(
        lambda ids: pb.MatteResponse(need=pb.NeedTiles(tile_ids=ids)),
        st.lists(st.integers(0, 2**32 - 1), max_size=4),
    ),
    st.builds(
        lambda t, d, c, p: pb.MatteResponse(
            alpha=pb.AlphaTile(
                tile_id=t, stage=pb.STAGE_FINAL, pixels=pb.Pixels(data=d, crc32=c, packing=p)
            )
        ),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=40),
        st.integers(0, 2**32 - 1),
        st.sampled_from([0, 1, 2]),
    ),
    st.just(pb.MatteResponse(finished=pb.FinishedResponse())),
    st.just(pb.MatteResponse()),
)


@given(st.lists(responses, max_size=12))
def test_a_hostile_server_causes_protocol_errors_at_most(sent: list[pb.MatteResponse]) -> None:
    session = a_session()
    list(session.open())
    for response in sent:
        try:
            session.receive(response)
        except ProtocolError:
            continue
    assert 0 <= session.missing() <= TILES


def test_a_small_message_cannot_unpack_to_a_large_one() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    packed = pb.Pixels(data=bomb, packing=pb.PACKING_ZLIB, crc32=zlib.crc32(bomb))
    with pytest.raises(ProtocolError, match="101 bytes arrived where 100 belong"):
        unpack(packed, 100)


def test_another_version_is_named() -> None:
    session = a_session()
    list(session.open())
    message = pb.OpenedResponse(protocol_version=2, tile_size=32, tile_count=TILES)
    with pytest.raises(ProtocolError, match="version 2"):
        session.receive(pb.MatteResponse(opened=message))
