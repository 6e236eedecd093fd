"""A selection as a first guess: something of each of its pieces is told, and nothing beside it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.options import HintSet, LayerSpec, Stroke
from frisket.hosts.inside import find_inside
from frisket.hosts.request import CutRequest
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import proxy_size

Plane = npt.NDArray[np.uint8]
RECTS = st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 60), st.integers(1, 60))


def guess(plane: Plane, width: int, height: int) -> tuple[Stroke, ...]:
    """Return what the server is told of a selection, of the proxy's size, of a layer."""
    size = plane.shape[1], plane.shape[0]
    assert size == proxy_size(width, height)
    spec = LayerSpec(width, height, PixelFormat.RGB8, *size, PixelFormat.RGBA8)
    request = CutRequest(selection_use="guess")
    hints = request.read_hints(spec, "a", lambda: None, lambda: plane.tobytes())
    assert hints == HintSet(strokes=hints.strokes)
    assert all(each.positive for each in hints.strokes)
    return hints.strokes


def count_within(strokes: tuple[Stroke, ...], x: int, y: int, width: int, height: int) -> int:
    """Count the points that lie in a rectangle of the layer."""
    points = [point for each in strokes for point in each.points]
    return sum(x <= px < x + width and y <= py < y + height for px, py in points)


def select(shape: tuple[int, int], *rects: tuple[int, int, int, int]) -> Plane:
    plane = np.zeros(shape, np.uint8)
    for x, y, width, height in rects:
        plane[y : y + height, x : x + width] = 255
    return plane


def test_two_small_pieces_far_apart_count() -> None:
    plane = select((1000, 1000), (0, 0, 100, 100), (900, 900, 100, 100))
    strokes = guess(plane, 1000, 1000)
    assert count_within(strokes, 10, 10, 80, 80) > 20
    assert count_within(strokes, 910, 910, 80, 80) > 20


def test_a_small_piece_counts_beside_a_large_one() -> None:
    plane = select((1000, 1000), (0, 0, 700, 700), (900, 900, 12, 12))
    strokes = guess(plane, 1000, 1000)
    assert count_within(strokes, 900, 900, 12, 12)
    # The large one's rim is left out all the same.
    assert count_within(strokes, 70, 70, 560, 560) > 100
    assert not count_within(strokes, 0, 0, 700, 60)


@pytest.mark.parametrize("wide", [1, 80])
def test_a_narrow_diagonal_counts_from_end_to_end(wide: int) -> None:
    rows, columns = np.indices((1000, 1000))
    plane = (np.abs(rows - columns) * 2 < wide * np.sqrt(2)).astype(np.uint8) * 255
    strokes = guess(plane, 1000, 1000)
    assert count_within(strokes, 0, 0, 200, 200)
    assert count_within(strokes, 450, 450, 100, 100)
    assert count_within(strokes, 800, 800, 200, 200)
    assert all(plane[y, x] for each in strokes for x, y in each.points)


@pytest.mark.parametrize("rect", [(500, 101, 1, 700), (101, 501, 700, 1), (333, 501, 1, 1)])
def test_a_thin_line_and_a_single_pixel_count(rect: tuple[int, int, int, int]) -> None:
    strokes = guess(select((1000, 1000), rect), 1000, 1000)
    assert strokes
    assert count_within(strokes, *rect) == sum(len(each.points) for each in strokes)
    assert {each.radius_px for each in strokes} == {1}


def test_a_thin_line_counts_in_a_layer_that_was_reduced() -> None:
    """What is left of a line of two pixels is half as dark as the line, or less."""
    high, wide = proxy_size(4096, 3072)[::-1]
    plane = np.zeros((high, wide), np.uint8)
    row = high // 2 + 1
    plane[row, 100:900] = round(255 * 2 * wide / 4096)
    plane[10:90, 10:90] = 255
    strokes = guess(plane, 4096, 3072)
    down = 4096 // wide
    assert count_within(strokes, 0, row * down, 4096, down)
    assert count_within(strokes, 10 * down, 10 * down, 80 * down, 80 * down)


def test_what_is_faint_is_the_rim_of_something_or_nothing() -> None:
    plane = select((200, 200), (50, 50, 100, 100))
    plane[10:20, 10:20] = 40
    assert not count_within(guess(plane, 200, 200), 0, 0, 49, 200)
    plane[50:150, 50:150] = 0
    assert count_within(guess(plane, 200, 200), 10, 10, 10, 10)


@given(st.lists(RECTS, min_size=1, max_size=6), st.integers(1, 4))
def test_every_piece_counts_and_nothing_beside_them(
    rects: list[tuple[int, int, int, int]], factor: int
) -> None:
    plane = select((150, 150), *rects)
    strokes = find_inside(plane.tobytes(), 150, 150, (150 * factor, 150 * factor))
    for each in strokes:
        for x, y in each.points:
            assert plane[y // factor, x // factor], (x, y)
    alone = [a for a in rects if not any(touch(a, b) for b in rects if b != a)]
    for x, y, width, height in alone:
        assert count_within(strokes, *(factor * value for value in (x, y, width, height)))


def touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    pairs = ((one[0], one[2], other[0], other[2]), (one[1], one[3], other[1], other[3]))
    return all(a <= b + long and b <= a + wide for a, wide, b, long in pairs)


def test_a_server_takes_as_many_strokes() -> None:
    rng = np.random.default_rng(3)
    specks = (rng.random((700, 700)) < 0.05).astype(np.uint8) * 255
    specks[100:300, 100:300] = 255
    strokes = find_inside(specks.tobytes(), 700, 700, (700, 700))
    assert len(strokes) <= 1000
    assert count_within(strokes, 120, 120, 160, 160) > 20
    assert find_inside(bytes(16), 4, 4, (4, 4)) == ()
