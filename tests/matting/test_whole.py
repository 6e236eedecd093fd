"""A picture in memory is matted by one call, with the same bytes as by its steps."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import (
    MattingOptions,
    Patch,
    Picture,
    RefinerSpec,
    Runners,
    frame_picture,
    matte_picture,
    matte_whole,
)
from frisket.matting.engine import Quality, refine, solve
from frisket.models import BadOutput, Coarse, frame_subject
from frisket.models.adapters.fake import FakeModel


def draw(image: np.ndarray) -> np.ndarray:
    return coarse(*image.shape[:2])


@pytest.mark.parametrize("quality", [Quality.DRAFT, Quality.STANDARD])
def test_one_call_does_what_the_engine_does(quality: Quality) -> None:
    rgb = picture()
    matted = matte_picture(FakeModel(draw=draw), rgb, MattingOptions(quality))
    matte = solve(rgb, coarse(), (W, H), quality, cell_px=1.0)
    np.testing.assert_array_equal(matted.alpha, refine(matte, 0, 0, rgb))
    assert matted.colours is None


def test_high_asks_the_model_three_times() -> None:
    seen: list[np.ndarray] = []

    def watch(image: np.ndarray) -> np.ndarray:
        seen.append(image)
        return draw(image)

    matte_picture(FakeModel(draw=watch), picture(), MattingOptions(Quality.HIGH))
    plain, mirror, close = seen
    np.testing.assert_array_equal(plain, mirror[:, ::-1])
    assert close.size < plain.size
    frame = frame_subject(Coarse(draw(plain)))
    assert frame is not None
    np.testing.assert_array_equal(close, plain[frame.place])


async def ask(view: Picture) -> Coarse:
    return Coarse(draw(view.rgb))


async def answer_full(patch: Patch) -> np.ndarray:
    assert patch.rgb.shape == (64, 64, 3) and patch.trimap.shape == (64, 64)
    return np.full((64, 64), 65535, np.uint16)


async def fail(_: Patch) -> np.ndarray:
    raise BadOutput("It answered nonsense.")


def test_a_refiner_has_the_last_word_in_the_band() -> None:
    rgb, spec = picture(), RefinerSpec("mine", 64)
    matting = frame_picture((W, H), rgb, MattingOptions(Quality.BEST), spec)
    matted = asyncio.run(matte_whole(matting, rgb, Runners(ask, answer_full)))
    solution = matted.solution
    band = solution.matte.known == 128
    assert band.any() and (matted.alpha[band] == 255).all()
    with pytest.raises(BadOutput, match="nonsense"):
        asyncio.run(matte_whole(matting, rgb, Runners(ask, fail)))
