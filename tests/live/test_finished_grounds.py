"""Finishing steps on live pictures: the same as of files, done with every picture."""

from __future__ import annotations

import numpy as np
import pytest

from frisket.live.grounds import open_ground
from frisket.live.options import LiveOptions
from frisket.protocol.errors import FrisketError

pytest.importorskip("cv2", reason="OpenCV is not installed")
pytest.importorskip("pyvips", reason="libvips is not installed")

WIDE, HIGH = 160, 96
RGB = np.full((HIGH, WIDE, 3), (200, 60, 40), np.uint8)
SHADOW = {"shadow": ["drop:angle=90,distance=20%,opacity=80%"]}


def disc() -> np.ndarray:
    y, x = np.mgrid[:HIGH, :WIDE]
    inside = np.clip(20 - np.hypot(x - WIDE // 2, y - HIGH // 2), 0, 4) / 4
    return np.rint(inside * 255).astype(np.uint8)


@pytest.mark.parametrize("background", ["white", "transparent"])
def test_a_shadow_falls_below_the_subject(background: str) -> None:
    plain, finished = (
        open_ground(background, WIDE, HIGH, steps).show(RGB, disc()).astype(int)
        for steps in ({}, SHADOW)
    )
    assert finished.shape == (HIGH, WIDE, 3)
    darker = (plain - finished).sum(axis=2)
    assert (darker > 60).sum() > 50, "nothing became darker"
    assert np.abs(finished[HIGH // 2, WIDE // 2] - RGB[0, 0]).max() <= 2


def test_the_mask_itself_stays_as_it_is() -> None:
    shown = open_ground("alpha", WIDE, HIGH, SHADOW).show(RGB, disc())
    np.testing.assert_array_equal(shown[..., 0], disc())


@pytest.mark.parametrize(
    "finishing", [{"canvas": "marketplace"}, {"crop": "5%"}, {"odd": "1"}], ids=str
)
def test_what_changes_a_picture_s_size_is_refused_at_once(finishing: dict[str, str]) -> None:
    with pytest.raises(FrisketError, match="cannot be done with every frame"):
        LiveOptions(finishing=finishing)


def test_values_that_do_not_exist_are_refused_before_any_picture() -> None:
    with pytest.raises(FrisketError, match="--softness"):
        open_ground("white", WIDE, HIGH, LiveOptions(finishing={"softness": "odd"}).finishing)
