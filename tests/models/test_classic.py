from __future__ import annotations

import numpy as np
import pytest

from frisket.models import (
    BadPrompt,
    Box,
    Point,
    Prompt,
    Registry,
)
from frisket.models.adapters.contrast import measure_geodesic


def measure_iou(alpha: np.ndarray, truth: np.ndarray) -> float:
    a = alpha >= 128
    return float((a & truth).sum() / (a | truth).sum())


def mark_disc() -> np.ndarray:
    y, x = np.mgrid[:120, :160]
    return np.asarray((y - 60) ** 2 + (x - 80) ** 2 < 35**2)


PROMPTS = [
    None,
    Prompt(boxes=(Box(40, 20, 120, 100),)),
    Prompt(points=(Point(80, 60), Point(5, 5, positive=False))),
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_finds_the_disc(registry: Registry, subject: np.ndarray, prompt: Prompt | None) -> None:
    model = registry.open("classic")
    coarse = model.matte([subject], [prompt])[0]
    assert measure_iou(coarse.alpha, mark_disc()) > 0.9
    assert np.array_equal(coarse.alpha, model.matte([subject], [prompt])[0].alpha)
    assert "contrast alone" in coarse.note


def test_a_point_outside_is_named(registry: Registry, subject: np.ndarray) -> None:
    with pytest.raises(BadPrompt, match="500,5"):
        registry.open("classic").matte([subject], [Prompt(points=(Point(500, 5),))])


def test_geodesic_goes_round_walls() -> None:
    cost = np.ones((9, 9), np.float32)
    cost[1:, 4] = 100
    seeds = np.zeros((9, 9), bool)
    seeds[8, 0] = True
    far = measure_geodesic(cost, seeds)
    assert far[8, 8] == pytest.approx(24, abs=1e-3)
