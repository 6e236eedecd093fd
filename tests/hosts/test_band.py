"""Brushing over the edge, titles of models, and what is held back: the parts without a host."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frisket.client.options import HintSet, LayerSpec, Point, Stroke
from frisket.hosts.band import HAIR, open_trimap, split_hair, widen_band
from frisket.hosts.handwork import Handwork
from frisket.hosts.link import ModelChoice
from frisket.hosts.strokes import KEEP, REMOVE, SAFE_KEEP, SAFE_REMOVE, find_hints
from frisket.hosts.titles import title_models
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

SPEC = LayerSpec(400, 200, PixelFormat.RGB8, 80, 40, PixelFormat.RGBA8)


def test_hair_is_neither_kept_nor_removed() -> None:
    cells = b"".join(bytes((*colour, 255)) for colour in (KEEP, REMOVE, SAFE_KEEP, SAFE_REMOVE))
    rest, hair = split_hair(bytes((*HAIR, 255)) + cells)
    assert hair == bytes([255, 0, 0, 0, 0])
    assert rest[3] == 0
    assert rest[4:] == cells
    assert not find_hints(bytes((*HAIR, 255)), 1, 1, (10, 10)).strokes


def test_faint_hair_is_not_painted() -> None:
    assert split_hair(bytes((*HAIR, 10)))[1] == b"\0"


@given(st.integers(0, 15), st.integers(0, 7))
def test_the_band_grows_where_it_is_brushed_and_nowhere_else(x: int, y: int) -> None:
    mask = (b"\xff" * 40 + bytes(40)) * 40
    plain = widen_band(HintSet(), SPEC, mask, bytes(16 * 8), (16, 8)).trimap
    hair = bytearray(16 * 8)
    hair[16 * y + x] = 255
    found = widen_band(HintSet(), SPEC, mask, bytes(hair), (16, 8)).trimap
    assert found is not None
    assert plain is not None
    for row in range(40):
        for column in range(80):
            inside = row // 5 == y and column // 5 == x
            wanted = 128 if inside else plain[80 * row + column]
            assert found[80 * row + column] == wanted
    assert plain[0] == 255
    assert plain[79] == 0
    assert plain[40] == 128


@given(st.integers(0, 399), st.integers(0, 199), st.integers(1, 40), st.booleans())
def test_a_trimap_is_open_where_a_stroke_contradicts_it(
    x: int, y: int, radius: int, positive: bool
) -> None:
    """Else a server believes the trimap, and the stroke says nothing."""
    trimap = (b"\xff" * 40 + bytes(40)) * 40
    stroke = Stroke(((x, y), (min(399, x + 100), y)), radius, positive)
    found = open_trimap(HintSet(strokes=(stroke,), trimap=trimap), SPEC).trimap
    assert found is not None
    against = 0 if positive else 255
    for row in range(40):
        for column in range(80):
            value, before = found[80 * row + column], trimap[80 * row + column]
            assert value == before or (before, value) == (against, 128)
            left, top = 5 * column + 2.5, 5 * row + 2.5
            near = max(x - left, left - min(399, x + 100), abs(y - top))
            if near <= radius:
                assert value != against
            if near > radius + 40:
                assert value == before


def test_a_trimap_is_open_where_a_point_contradicts_it() -> None:
    points = (Point(100, 100, False), Point(300, 100), Point(20, 20))
    found = open_trimap(HintSet(points=points, trimap=(b"\xff" * 40 + bytes(40)) * 40), SPEC)
    assert found.trimap is not None
    places = ((20, 20), (60, 20), (4, 4), (79, 39))
    assert [found.trimap[80 * y + x] for x, y in places] == [128, 128, 255, 0]


def test_hair_leaves_strokes_their_say() -> None:
    hints = HintSet(strokes=(Stroke(((50, 100),), 5, False),))
    found = widen_band(hints, SPEC, b"\xff" * 3200, bytes(16 * 8), (16, 8)).trimap
    assert found is not None
    assert [found[80 * 20 + 10], found[0]] == [128, 255]


def test_models_go_by_their_descriptions() -> None:
    models = [
        ModelChoice("t", "Salient object segmentation.", True, "Any subject"),
        ModelChoice("a-fp16", "U2-Net: any salient subject, fast.", True),
        ModelChoice("b", "Added by you.", False),
        ModelChoice("c", "Added by you.", False),
        ModelChoice("d", "", False),
        ModelChoice("e", "Version 2.5 of something.", False),
        ModelChoice("f", "x" * 200, False),
    ]
    titles = title_models(models)
    assert titles == [
        "Any subject",
        "U2-Net: any salient subject",
        "Added by you (b)",
        "Added by you (c)",
        "d",
        "Version 2.5 of something",
        "f",
    ]


def test_what_was_held_back_is_told_as_it_was_written_last() -> None:
    handwork = Handwork()
    first, second = TileRect(0, 0, 2, 2), TileRect(2, 0, 2, 2)
    for rect, data in ((first, b"\1" * 4), (second, b"\2" * 4), (first, b"\3" * 4)):
        handwork.note(rect, data)
    assert dict(handwork.replay()) == {first: b"\3" * 4, second: b"\2" * 4}
