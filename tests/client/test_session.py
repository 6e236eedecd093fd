"""The session bears whatever a server sends: events or ProtocolError, nothing else."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.decode import unpack
from frisket.client.errors import ProtocolError
from frisket.client.options import Edge, HintSet
from frisket.v1 import matting_pb2 as pb

from .script import TILES, a_session, opened, pixels

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


def test_a_coarse_alpha_goes_back_whole_and_only_for_the_hints_that_it_came_for() -> None:
    session = a_session()
    facts = pb.CoarseFacts(cell_px=2.5, confidence=0.5)

    def receive(first: int, rows: int, **more: object) -> None:
        part = pixels(bytes([first]) * rows * 100)
        message = pb.CoarseRows(first_row=first, row_count=rows, pixels=part, **more)
        session.receive(pb.MatteResponse(coarse=message))

    def reopen() -> tuple[bool, bytes]:
        first, *others = session.open()
        session.receive(opened())
        rows = [one.rows.pixels.data for one in others if one.rows.plane == pb.PLANE_COARSE]
        return first.open.HasField("coarse"), b"".join(rows)

    assert reopen() == (False, b"")
    receive(0, 40)
    assert reopen() == (False, b""), "a part of it helps nobody"
    receive(0, 40)
    receive(40, 20, facts=facts)
    whole = bytes(4000) + bytes([40]) * 2000
    assert reopen() == (True, whole)
    assert reopen() == (True, whole), "the server does not send it again"
    list(session.change(edge=Edge(shift_px=1)))
    assert reopen() == (True, whole)
    list(session.change(hints=HintSet()))
    assert reopen() == (False, b"")
