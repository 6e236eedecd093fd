"""Where a subject goes on its canvas, for any subject and any canvas."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frisket.finish.geometry import (
    ALIGNMENTS,
    SIDES,
    Box,
    Fill,
    Length,
    place_crop,
    place_fill,
    shrink_canvas,
)

SIZE = st.integers(1, 5000)
ALIGN = st.sampled_from(sorted(ALIGNMENTS))
TOUCHED = st.frozensets(st.sampled_from(SIDES))
BOXES = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    st.integers(0, 3000), st.integers(0, 3000), SIZE, SIZE,
)  # fmt: skip
MARGINS = st.one_of(
    st.builds(Length, st.integers(0, 500)),
    st.builds(Length, st.floats(0, 0.5), st.just(True)),
)


@given(BOXES, MARGINS, st.one_of(st.none(), st.floats(0.2, 5)), ALIGN)
def test_a_crop_holds_the_subject_and_its_margin(
    box: Box, margin: Length, aspect: float | None, align: str
) -> None:
    placed = place_crop(box, frozenset(), margin, aspect, align)
    around = round(margin.measure(box.side))
    left, top = box.left + placed.x, box.top + placed.y
    assert placed.scale == 1
    assert left >= around and top >= around
    assert placed.width - (left + box.width) >= around
    assert placed.height - (top + box.height) >= around
    if aspect:
        # One side is the least that holds the subject, the other the ratio's, to a pixel.
        wider = abs(placed.width - placed.height * aspect) <= 0.5 + 1e-6
        higher = abs(placed.height - placed.width / aspect) <= 0.5 + 1e-6
        assert wider or higher


@given(BOXES, TOUCHED, MARGINS, ALIGN)
def test_a_subject_that_is_cut_off_keeps_to_the_edge(
    box: Box, touched: frozenset[str], margin: Length, align: str
) -> None:
    placed = place_crop(box, touched, margin, None, align)
    gaps = {
        "left": box.left + placed.x, "top": box.top + placed.y,
        "right": placed.width - (box.right + placed.x),
        "bottom": placed.height - (box.bottom + placed.y),
    }  # fmt: skip
    assert {side for side in SIDES if gaps[side] == 0} >= touched


@given(BOXES, SIZE, SIZE, st.floats(0.05, 1), ALIGN)
def test_a_subject_fills_its_share_of_a_canvas(
    box: Box, width: int, height: int, share: float, align: str
) -> None:
    placed = place_fill(box, frozenset(), width, height, Fill(share, "box", align))
    across, down = box.width * placed.scale, box.height * placed.scale
    assert max(across / width, down / height) <= share * (1 + 1e-9)
    assert abs(max(across / width, down / height) - share) < 1e-6
    left, top = box.left * placed.scale + placed.x, box.top * placed.scale + placed.y
    # The margin that the share leaves is kept on every side, to a rounded pixel.
    slack = 0.5 + 1e-6
    assert left >= width * (1 - share) / 2 - slack
    assert top >= height * (1 - share) / 2 - slack
    assert left + across <= width * (1 + share) / 2 + slack
    assert top + down <= height * (1 + share) / 2 + slack


@given(SIZE, SIZE, st.floats(0.01, 1), st.integers(1, 5000))
def test_a_smaller_canvas_has_the_same_ratio(
    width: int, height: int, by: float, minimum: int
) -> None:
    across, down = shrink_canvas(width, height, by, minimum)
    assert max(across, down) >= min(minimum, max(width, height)) - 1
    assert across <= width and down <= height
    assert abs(across - down * width / height) <= max(1, width / height)


def test_a_bust_stands_on_the_lower_edge() -> None:
    box = Box(300, 200, 700, 1000)
    placed = place_fill(box, frozenset({"bottom"}), 500, 500, Fill(0.8))
    assert placed.place(box).bottom == 500
    assert placed.place(box).top == 100
