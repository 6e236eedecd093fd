"""A model sees what it is to see, and is told what it understands."""

from __future__ import annotations

import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import Picture, UnknownClass, check_classes
from frisket.matting.engine import HintBox, HintPoint, Hints, Quality, Scribble
from frisket.matting.inference import (
    combine_answers,
    list_closer_views,
    list_views,
    make_prompt,
)
from frisket.models import Box, Coarse, ModelInfo, Point, Prompt, Stroke, frame_subject


@pytest.mark.parametrize("quality", list(Quality))
def test_from_high_on_the_mirror_image_is_seen_too(quality: Quality) -> None:
    rgb = picture()
    views = list_views(Picture(rgb, Prompt(points=(Point(3, 4),))), quality)
    assert len(views) == (2 if quality in (Quality.HIGH, Quality.BEST) else 1)
    np.testing.assert_array_equal(views[0].rgb, rgb)
    if len(views) == 2:
        np.testing.assert_array_equal(views[1].rgb, rgb[:, ::-1])
        assert views[1].prompt is not None
        assert views[1].prompt.points == (Point(W - 1 - 3, 4),)


def test_equal_answers_for_all_views_are_the_answer() -> None:
    alpha = coarse()
    both = [Coarse(alpha, cell_px=2), Coarse(np.ascontiguousarray(alpha[:, ::-1]), cell_px=2)]
    [closer] = list_closer_views(Picture(picture()), both)
    frame = frame_subject(both[0])
    assert frame is not None
    np.testing.assert_array_equal(closer.rgb, picture()[frame.place])
    answers = [*both, Coarse(alpha[frame.place], cell_px=1)]
    np.testing.assert_array_equal(combine_answers(answers).alpha, alpha)
    np.testing.assert_array_equal(combine_answers(both).alpha, alpha)
    assert not list_closer_views(Picture(picture()), both[:1])
    assert not combine_answers([Coarse(alpha, layers={"cat": alpha})]).layers


def test_hints_become_a_prompt() -> None:
    line = ((1.0, 2.0), (3.0, 4.0))
    hints = Hints(
        boxes=(HintBox(1, 2, 3, 4),),
        points=(HintPoint(5, 6, False),),
        scribbles=(Scribble(line, 3),),
    )
    prompt = make_prompt(hints, ["cat"])
    expected = Prompt((Box(1, 2, 3, 4),), (Point(5, 6, False),), ("cat",), (Stroke(line),))
    assert prompt == expected
    assert make_prompt(Hints(prior=np.zeros((H, W), np.uint8))) is None
    assert make_prompt(Hints(), ["cat"]) == Prompt(classes=("cat",))


def test_a_class_that_the_model_does_not_know_is_named() -> None:
    info = ModelInfo("m", "f", "", "MIT", True, cuttable=("cat", "dog"))
    check_classes(["cat", "dog"], info)
    with pytest.raises(UnknownClass, match="'cow': it has cat, dog"):
        check_classes(["cat", "cow"], info)
    with pytest.raises(UnknownClass, match="it has no classes"):
        check_classes(["cat"], ModelInfo("m", "f", "", "MIT", True))
