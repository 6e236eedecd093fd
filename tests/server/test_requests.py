"""Whatever a client asks for is read as it was meant, or refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.matting import BadInput, MattingOptions
from frisket.matting.engine import EdgeControls, HintBox, HintPoint, Hints, Quality
from frisket.protocol.grid import runs
from frisket.protocol.limits import MAX_CLASSES, MAX_NAME_BYTES, MAX_TILES
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.requests import read_opening, read_options, read_update
from frisket.server.wire import Plane
from frisket.v1 import matting_pb2 as pb

LAYER = (64, 48)
LONG = "x" * (MAX_NAME_BYTES + 1)

numbers = st.one_of(st.integers(0, 3000), st.sampled_from([2**31, 2**32 - 1, 300_001]))


@given(numbers, numbers, numbers, numbers, numbers, numbers, numbers)
def test_any_opening_is_read_or_refused(
    width: int, height: int, tile: int, across: int, down: int, first: int, count: int
) -> None:
    message = pb.OpenRequest(
        protocol_version=1,
        width=width,
        height=height,
        tile_size=tile,
        tile_format=pb.PIXEL_FORMAT_RGB8,
        proxy_width=across,
        proxy_height=down,
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        held=[pb.TileRun(first=first, count=count)],
    )
    try:
        opening = read_opening(pb.MatteRequest(open=message))
    except ServiceError as error:
        assert error.message.endswith(".")
        return
    assert opening.grid.count <= MAX_TILES
    assert opening.held.sum() == count


def opening_of_twelve_tiles(*held: tuple[int, int]) -> pb.MatteRequest:
    message = pb.OpenRequest(
        protocol_version=1,
        width=64,
        height=48,
        tile_size=16,
        tile_format=pb.PIXEL_FORMAT_RGB8,
        proxy_width=64,
        proxy_height=48,
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        held=[pb.TileRun(first=first, count=count) for first, count in held],
    )
    return pb.MatteRequest(open=message)


@given(st.lists(st.booleans(), min_size=12, max_size=12))
def test_tiles_that_the_client_holds_are_those_the_server_reads(flags: list[bool]) -> None:
    held = runs(tile for tile, flag in enumerate(flags) if flag)
    assert read_opening(opening_of_twelve_tiles(*held)).held.tolist() == flags


def test_runs_of_held_tiles_may_touch() -> None:
    held = read_opening(opening_of_twelve_tiles((1, 2), (3, 4), (11, 1))).held
    assert np.flatnonzero(held).tolist() == [1, 2, 3, 4, 5, 6, 11]


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ([(4, 1), (2, 1)], "rise"),
        ([(2, 1), (2, 1)], "rise"),
        ([(2, 3), (4, 1)], "rise"),
        ([(0, 12), (11, 1)], "rise"),
        ([(3, 0)], "does not have"),
        ([(12, 1)], "does not have"),
        ([(0, 13)], "does not have"),
        ([(2**32 - 1, 2**32 - 1)], "does not have"),
        ([(0, 12)] * 20_000, "more runs"),
    ],
)
def test_bad_runs_of_held_tiles_are_refused(held: list[tuple[int, int]], sentence: str) -> None:
    with pytest.raises(ServiceError, match=sentence) as caught:
        read_opening(opening_of_twelve_tiles(*held))
    assert caught.value.reason is Reason.BAD_OPEN


def test_a_proxy_is_the_layer_where_both_have_one_size_and_depth() -> None:
    request = opening_of_twelve_tiles()
    request.open.proxy_is_layer = True
    assert read_opening(request).proxy_is_layer
    request.open.tile_format = pb.PIXEL_FORMAT_GRAY8
    assert read_opening(request).proxy_is_layer


@pytest.mark.parametrize(
    "lie",
    [{"proxy_width": 32, "proxy_height": 24}, {"tile_format": pb.PIXEL_FORMAT_RGB16}],
)
def test_a_proxy_that_cannot_be_the_layer_is_refused(lie: dict[str, int]) -> None:
    request = opening_of_twelve_tiles()
    request.open.MergeFrom(pb.OpenRequest(proxy_is_layer=True, **lie))  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="is not the layer") as caught:
        read_opening(request)
    assert caught.value.reason is Reason.BAD_OPEN


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (pb.MatteOptions(quality=9), Reason.BAD_OPEN),  # type: ignore[arg-type]
        (pb.MatteOptions(alpha_format=pb.PIXEL_FORMAT_RGB8), Reason.BAD_OPEN),
        (pb.MatteOptions(hints=pb.Hints(boxes=[pb.Rect()] * 65)), Reason.BAD_HINT),
        (
            pb.MatteOptions(hints=pb.Hints(scribbles=[pb.Scribble(x=[1, 2], y=[1])])),
            Reason.BAD_HINT,
        ),
        (pb.MatteOptions(hints=pb.Hints(scribbles=[pb.Scribble()])), Reason.BAD_HINT),
        (pb.MatteOptions(model=LONG), Reason.BAD_OPEN),
        (pb.MatteOptions(normalise=LONG), Reason.BAD_OPEN),
        (pb.MatteOptions(classes=["cat", LONG]), Reason.BAD_OPEN),
        (pb.MatteOptions(classes=["cat"] * (MAX_CLASSES + 1)), Reason.BAD_OPEN),
    ],
)
def test_options_that_mean_nothing_are_refused(options: pb.MatteOptions, reason: Reason) -> None:
    with pytest.raises(ServiceError) as caught:
        read_options(options, LAYER)
    assert caught.value.reason is reason
    assert caught.value.message.endswith(".")


def test_the_longest_names_are_taken_and_longer_ones_not_repeated() -> None:
    read_options(pb.MatteOptions(model=LONG[1:], classes=[LONG[1:]] * MAX_CLASSES), LAYER)
    message = opening_of_twelve_tiles()
    message.open.client = LONG[1:]
    read_opening(message)
    message.open.client = LONG
    with pytest.raises(ServiceError, match="client has 101 characters") as caught:
        read_opening(message)
    assert "xx" not in caught.value.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (pb.MatteOptions(normalise="denoise,sharpen"), "no normalisation 'sharpen'"),
        (pb.MatteOptions(edge=pb.EdgeControls(shift_px=float("nan"))), "shift_px"),
        (pb.MatteOptions(edge=pb.EdgeControls(smooth=float("inf"))), "smooth"),
        (pb.MatteOptions(hints=pb.Hints(boxes=[pb.Rect(x=1, y=1)])), "no size"),
        (pb.MatteOptions(hints=pb.Hints(points=[pb.HintPoint(x=64, y=1)])), "64,1 lies outside"),
        (
            pb.MatteOptions(hints=pb.Hints(scribbles=[pb.Scribble(x=[1, 1], y=[1, 48])])),
            "1,48 lies outside",
        ),
    ],
)
def test_what_could_not_be_done_later_is_refused_at_once(
    options: pb.MatteOptions, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        read_options(options, LAYER)


def test_a_scribble_takes_eight_bytes_a_point() -> None:
    line = pb.Scribble(x=range(60), y=[3] * 60, radius_px=2, positive=True)
    read = read_options(pb.MatteOptions(hints=pb.Hints(scribbles=[line])), LAYER)
    (scribble,) = read.hints.scribbles
    assert scribble.line.nbytes == 60 * 8
    assert scribble.line[7].tolist() == [7, 3]


def test_edge_controls_beyond_their_limits_are_refused() -> None:
    with pytest.raises(BadInput, match="feather_px"):
        read_options(pb.MatteOptions(edge=pb.EdgeControls(feather_px=-1)), LAYER)


def test_what_is_not_said_takes_its_default() -> None:
    assert read_options(pb.MatteOptions(), LAYER) == MattingOptions(normalise="")


def test_hints_are_read_in_pixels_of_the_layer() -> None:
    hints = pb.Hints(
        boxes=[pb.Rect(x=3, y=4, width=10, height=20)], points=[pb.HintPoint(x=7, y=8)]
    )
    read = read_options(pb.MatteOptions(hints=hints, quality=pb.QUALITY_BEST), LAYER)
    assert read.quality is Quality.BEST
    assert read.hints.boxes == (HintBox(3, 4, 13, 24),)
    assert read.hints.points == (HintPoint(7, 8, positive=False),)


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    before = MattingOptions(
        quality=Quality.HIGH,
        edge=EdgeControls(shift_px=2),
        hints=Hints(points=(HintPoint(1, 2),)),
        depth=16,
    )
    edge = read_update(pb.UpdateRequest(revision=1, edge=pb.EdgeControls()), LAYER)
    after = edge.change(before)
    assert (after.edge, after.hints, after.depth) == (EdgeControls(), before.hints, 16)
    hints = read_update(pb.UpdateRequest(revision=2, hints=pb.Hints(trimap=True)), LAYER)
    assert hints.planes == (Plane.TRIMAP,)
    after = hints.change(before)
    assert (after.edge, after.hints) == (before.edge, Hints())
    assert before.edge == EdgeControls(shift_px=2), "the old options stay as they were"


@pytest.mark.parametrize(
    "facts",
    [
        pb.CoarseFacts(),
        pb.CoarseFacts(cell_px=float("nan"), confidence=1),
        pb.CoarseFacts(cell_px=1e9, confidence=1),
        pb.CoarseFacts(cell_px=4, confidence=float("inf")),
        pb.CoarseFacts(cell_px=4, confidence=1, note="x" * 1001),
    ],
)
def test_facts_of_a_coarse_alpha_that_no_model_can_have_found(facts: pb.CoarseFacts) -> None:
    request = opening_of_twelve_tiles()
    request.open.coarse.CopyFrom(facts)
    with pytest.raises(ServiceError) as refused:
        read_opening(request)
    assert refused.value.reason is Reason.BAD_OPEN
