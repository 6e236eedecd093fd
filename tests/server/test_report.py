"""What is said of tiles and revisions is what became of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.models import Coarse
from frisket.models.core.types import Array
from frisket.protocol.formats import PixelFormat
from frisket.protocol.limits import MAX_MESSAGE_BYTES, MAX_PIXEL_BYTES
from frisket.server.report import build_coarse, build_solid, list_runs
from frisket.server.wire import Packing, unpack
from frisket.v1 import matting_pb2 as pb


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_say_which_tiles(flags: list[bool]) -> None:
    array = np.array(flags)
    back = np.zeros(len(flags), bool)
    for run in list_runs(array):
        back[run.first : run.first + run.count] = True
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("height", [1, 1024, 1025, 3000])
@pytest.mark.parametrize("packing", list(Packing))
def test_coarse_rows_come_in_bounded_messages_from_first_to_last(
    height: int, packing: Packing
) -> None:
    alpha = np.random.default_rng(height).integers(0, 3, (height, 2048)).astype(np.uint8)
    coarse = Coarse(alpha, note="é" * 800, cell_px=6.4, confidence=0.5, prompted=True)
    rows: list[Array] = []
    messages = build_coarse(coarse, 4, packing)
    for message in messages:
        part = message.coarse
        assert (part.revision, part.first_row) == (4, sum(len(one) for one in rows))
        assert part.row_count * 2048 <= MAX_PIXEL_BYTES
        rows.append(unpack(part.pixels, 2048, part.row_count, PixelFormat.GRAY8))
    np.testing.assert_array_equal(np.concatenate(rows), alpha)
    assert [one.coarse.HasField("facts") for one in messages] == [False] * (len(rows) - 1) + [True]
    facts = messages[-1].coarse.facts
    assert (facts.cell_px, facts.confidence, facts.prompted) == (6.4, 0.5, True)
    assert facts.note == "é" * 500, "no longer than a client may send back"


def read_runs(messages: Sequence[pb.MatteResponse]) -> tuple[list[tuple[int, int]], ...]:
    parts = [(one.solid.transparent, one.solid.opaque) for one in messages]
    return tuple(
        [(run.first, run.count) for part in parts for run in part[kind]] for kind in range(2)
    )


def test_only_fresh_tiles_are_named_as_solid() -> None:
    plan = np.array([0, 0, 255, -1, 255], np.int16)
    messages = build_solid(2, plan, np.array([True, False, True, True, True]))
    assert [message.solid.revision for message in messages] == [2]
    assert read_runs(messages) == ([(0, 1)], [(2, 1), (4, 1)])
    assert build_solid(2, plan, np.zeros(5, bool)) == []


def test_solid_tiles_come_in_bounded_messages() -> None:
    """Runs of one tile each, as a trimap like a chessboard makes them on small tiles."""
    tiles = np.arange(500_000)
    plan = np.where(tiles % 4 == 0, 0, np.where(tiles % 4 == 2, 255, -1)).astype(np.int16)
    messages = build_solid(1, plan, np.ones(len(tiles), bool))
    assert len(messages) > 1
    assert max(message.ByteSize() for message in messages) < MAX_MESSAGE_BYTES / 2
    transparent, opaque = read_runs(messages)
    assert transparent == [(int(tile), 1) for tile in tiles[0::4]]
    assert opaque == [(int(tile), 1) for tile in tiles[2::4]]
