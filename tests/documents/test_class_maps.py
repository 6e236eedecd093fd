"""A map of classes: every pixel has the class whose alpha is greatest there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from frisket.documents import ArrayAlpha, Rect
from frisket.documents.write.classes import ClassMap, pick_colours, write_classes

NAMES = ("cat", "dog", "tree", "Ünïcode")
WHOLE = Rect(0, 0, 6, 4)


@settings(deadline=None)
@given(
    alphas=st.lists(
        st.none() | st.lists(st.integers(0, 255), min_size=24, max_size=24),
        min_size=4, max_size=4,
    )
)  # fmt: skip
def test_the_greatest_wins_and_shares_are_those_of_the_pixels(
    alphas: list[list[int] | None],
) -> None:
    planes = [np.zeros(24, int) if one is None else np.array(one) for one in alphas]
    given = {
        name: ArrayAlpha(plane.astype("u1").reshape(4, 6))
        for name, plane, one in zip(NAMES, planes, alphas, strict=True)
        if one is not None
    }
    classes = ClassMap((6, 4), NAMES, given)
    found = classes.read(WHOLE).ravel()
    stack = np.stack(planes)
    rest = 255 - stack.sum(axis=0)
    best, winner = stack.max(axis=0), stack.argmax(axis=0) + 1
    assert np.array_equal(found, np.where((best > 0) & (best >= rest), winner, 0))
    assert sum(classes.shares.values()) == pytest.approx(1)
    for number, name in enumerate(classes.names):
        assert classes.shares[name] == pytest.approx((found == number).mean())


def test_colours_differ_and_begin_with_black() -> None:
    colours = pick_colours(256)
    assert len({tuple(one) for one in colours.tolist()}) == 256
    assert colours[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]


def test_names_are_read_as_they_were(tmp_path: Path) -> None:
    classes = ClassMap((6, 4), NAMES, {"dog": ArrayAlpha(np.full((4, 6), 255, "u1"))})
    write_classes(tmp_path / "out.png", classes)
    with Image.open(tmp_path / "out.png") as image:
        assert np.array_equal(np.asarray(image), np.full((4, 6), 2))
        assert image.info["Classes"].splitlines()[4].split(" ", 2)[2] == "Ünïcode"
        assert np.asarray(image.convert("RGB"))[0, 0].tolist() == [0, 128, 0]
    assert classes.shares["dog"] == 1


def test_more_classes_than_a_palette_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="255 classes"):
        ClassMap((6, 4), [str(i) for i in range(256)], {})
