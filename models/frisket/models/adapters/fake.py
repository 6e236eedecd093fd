"""A model without weights and without a network, for tests: what it answers is plain to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..core.spec import Spec
from ..core.types import Coarse, Mask, ModelInfo, Picture, Prompt
from .answers import answer_nothing
from .opened import OpenedModel

FAKE = ModelInfo("fake", "fake", "For tests.", "Apache-2.0", True, present=True)
_SIDE = 320  # of the picture that it pretends to look at


def draw_disc(image: Picture) -> Mask:
    """Return a disc of a quarter of the shorter side, with a ramp of an eighth of it."""
    high, wide = image.shape[:2]
    y, x = np.ogrid[:high, :wide]
    away = np.hypot(y - (high - 1) / 2, x - (wide - 1) / 2)
    radius, ramp = min(high, wide) / 4, max(1.0, min(high, wide) / 8)
    return np.asarray(np.rint(np.clip(0.5 + (radius - away) / ramp, 0, 1) * 255), np.uint8)


class FakeModel(OpenedModel):
    """Answers with a disc in the middle of every picture, or with what a test draws.

    Args:
        info: what it says of itself.
        draw: returns the alpha (h, w) uint8 of a picture (h, w, 3).
    """

    def __init__(self, info: ModelInfo = FAKE, draw: Callable[[Picture], Mask] = draw_disc) -> None:
        super().__init__(info)
        self._draw = draw

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one alpha per picture, whatever was said."""
        return [_make_answer(self._draw(image)) for image in images]


def open_fake(spec: Spec, info: ModelInfo) -> FakeModel:
    """Return the fake as the table of adapters opens it."""
    return FakeModel(info)


def _make_answer(alpha: Mask) -> Coarse:
    cell = max(1.0, max(alpha.shape) / _SIDE)
    if not alpha.any():
        return answer_nothing((alpha.shape[0], alpha.shape[1]), cell, 1.0)
    return Coarse(alpha, cell_px=cell)
