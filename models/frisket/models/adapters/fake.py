"""A model without weights and without a network, for tests: what it answers is plain to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..types import Coarse, Mask, ModelInfo, Picture, Prompt

FAKE = ModelInfo(
    name="fake",
    family="fake",
    description="For tests: a soft disc in the middle of the picture.",
    licence="Apache-2.0",
    commercial=True,
    present=True,
)


def disc(image: Picture) -> Mask:
    """A disc of a quarter of the shorter side, with a ramp of an eighth of it."""
    high, wide = image.shape[:2]
    y, x = np.ogrid[:high, :wide]
    away = np.hypot(y - (high - 1) / 2, x - (wide - 1) / 2)
    radius, ramp = min(high, wide) / 4, max(1.0, min(high, wide) / 8)
    return np.asarray(np.rint(np.clip(0.5 + (radius - away) / ramp, 0, 1) * 255), np.uint8)


class FakeModel:
    """Answers with ``draw(image)``; remembers how many pictures each run had."""

    def __init__(self, draw: Callable[[Picture], Mask] = disc, info: ModelInfo = FAKE) -> None:
        self.info = info
        self.device = "cpu"
        self.runs: list[int] = []
        self.prompts: list[Prompt | None] = []
        self._draw = draw

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """One answer per picture, by the function given."""
        self.runs.append(len(images))
        self.prompts.extend(prompts or [None] * len(images))
        return [self._answer(image) for image in images]

    def _answer(self, image: Picture) -> Coarse:
        alpha = self._draw(image)
        empty = not bool(alpha.any())
        note = "The model found no subject in this picture." if empty else ""
        return Coarse(alpha, empty, note=note, cell_px=max(1.0, max(alpha.shape) / 320))

    def close(self) -> None:
        """Nothing is held."""
