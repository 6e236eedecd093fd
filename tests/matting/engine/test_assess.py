"""The engine knows what it found, and when to doubt it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matting_kit import H, W, coarse, picture

from frisket.matting.engine import assess, solve
from frisket.matting.engine.assess import Evidence, judge
from frisket.models import UNFITTED, Doubt, Weights, manifest

FITTED = [spec.doubt for spec in manifest.read_shipped().values() if spec.doubt is not UNFITTED]
SHARES = st.floats(0, 1)
ASKING = Doubt(
    0.4,
    Weights(5.0, undecided=1.5, outline=2.0),
    second="other",
    together=Weights(8.0, undecided=0.2, outline=1.0, apart=2.5),
)


def test_a_model_that_is_not_believed_is_sent_to_review() -> None:
    crisp = np.where(coarse() > 127, 255, 0).astype(np.uint8)
    matte = solve(picture(), crisp, (W, H))
    sure, doubted = assess(crisp, matte), assess(crisp, matte, confidence=0.5)
    assert not sure.needs_review and sure.doubt < 0.3
    assert doubted.overall < sure.overall and doubted.doubt > sure.doubt
    assert doubted.needs_review and "unsure" in doubted.reasons[0]


def test_assessment_of_nothing() -> None:
    empty = np.zeros((H, W), np.uint8)
    opinion = assess(empty, solve(picture(), empty, (W, H)))
    assert opinion.needs_review and opinion.subject is None and opinion.doubt == 1
    assert opinion.reasons == ("No subject was found.",)


def test_subject_box_in_layer_pixels() -> None:
    matte = solve(picture(), coarse(), (W * 10, H * 10))
    box = assess(coarse(), matte).subject
    assert box is not None
    assert abs(box.x - 10 * (W / 2 - 0.3 * H)) < 40
    assert abs(box.width - 10 * 0.6 * H) < 80


def test_a_model_that_sees_another_subject_is_a_reason_of_its_own() -> None:
    crisp = np.where(coarse() > 127, 255, 0).astype(np.uint8)
    matte, elsewhere = solve(picture(), crisp, (W, H)), np.roll(crisp, W // 3, axis=1)
    alike = assess(crisp, matte, doubt=ASKING, second=crisp)
    apart = assess(crisp, matte, doubt=ASKING, second=elsewhere)
    assert not alike.needs_review and alike.doubt < apart.doubt
    assert apart.reasons == ("Another model sees another subject.",)


def test_agreement_takes_a_doubt_back() -> None:
    seen = Evidence(0.3, 1.2, 0.0)
    assert judge(seen, ASKING)[1] == ("The model is unsure of this picture.",)
    assert judge(Evidence(0.3, 1.2, 0.0, apart=0.01), ASKING)[1] == ()


@pytest.mark.parametrize("doubt", [UNFITTED, *FITTED])
@given(undecided=SHARES, outline=SHARES, patches=SHARES, apart=SHARES)
def test_more_that_is_undecided_or_apart_never_lowers_a_doubt(
    doubt: Doubt, undecided: float, outline: float, patches: float, apart: float
) -> None:
    seen = Evidence(undecided, outline, patches, apart)
    worse = Evidence(undecided * 2, outline * 2, patches, apart)
    chance = judge(seen, doubt)[0]
    assert 0 <= chance <= judge(worse, doubt)[0] + 1e-9
    if doubt.together is not None:
        assert chance <= judge(Evidence(undecided, outline, patches, 1.0), doubt)[0] + 1e-9


@pytest.mark.parametrize("doubt", FITTED)
def test_a_person_is_not_called_to_every_picture(doubt: Doubt) -> None:
    agreed = Evidence(0.01, 0.1, 0.0, apart=0.02 if doubt.second else None)
    assert judge(agreed, doubt)[0] < doubt.flag_from
    lost = Evidence(0.6, 3.0, 0.4, apart=0.9 if doubt.second else None)
    assert judge(lost, doubt)[0] > doubt.flag_from
