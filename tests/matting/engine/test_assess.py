"""The engine knows what it found, and when to doubt it."""

from __future__ import annotations

import numpy as np
from matting_kit import H, W, coarse, picture

from frisket.matting.engine import assess, solve


def test_a_model_that_is_not_believed_is_sent_to_review() -> None:
    matte = solve(picture(), coarse(), (W, H))
    sure, doubted = assess(coarse(), matte), assess(coarse(), matte, confidence=0.5)
    assert doubted.overall < sure.overall
    assert doubted.needs_review and "unsure" in doubted.reasons[0]


def test_assessment_of_nothing() -> None:
    empty = np.zeros((H, W), np.uint8)
    opinion = assess(empty, solve(picture(), empty, (W, H)))
    assert opinion.needs_review and opinion.subject is None
    assert opinion.reasons == ("No subject was found.",)


def test_subject_box_in_layer_pixels() -> None:
    matte = solve(picture(), coarse(), (W * 10, H * 10))
    box = assess(coarse(), matte).subject
    assert box is not None
    assert abs(box.x - 10 * (W / 2 - 0.3 * H)) < 40
    assert abs(box.width - 10 * 0.6 * H) < 80
