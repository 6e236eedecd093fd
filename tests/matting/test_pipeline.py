"""The steps of a matting, without a server and with a model whose answer is plain to see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import BadInput, Matting, MattingOptions, RefinerSpec, Solution, explain_lack
from frisket.matting.engine import EdgeControls, HintPoint, Hints, Quality
from frisket.matting.pipeline import flatten_proxy
from frisket.models import Coarse
from frisket.models.adapters.fake import FakeModel
from frisket.protocol.grid import Grid

GRID = Grid(10 * W, 10 * H, 64)


def solve(options: MattingOptions, refiner: RefinerSpec | None = None) -> Solution:
    matting = Matting(picture(), GRID, options, refiner)
    model = FakeModel(draw=lambda image: coarse(*image.shape[:2]))
    views = matting.views()
    answers = model.matte([view.rgb for view in views], [view.prompt for view in views])
    return matting.solve(matting.combine(answers))


@pytest.mark.parametrize("quality", [Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def test_a_layer_goes_all_the_way(quality: Quality) -> None:
    solution = solve(MattingOptions(quality, foreground=True, depth=16))
    middle = GRID.count // 2
    assert solution.plan[middle] == 255 and solution.plan[0] == 0
    needed = int(np.flatnonzero(solution.plan < 0)[0])
    x, y, width, height = GRID.rect(needed)
    layer = np.repeat(np.repeat(picture(), 10, 0), 10, 1)
    alpha, colours = solution.refine(needed, layer[y : y + height, x : x + width])
    assert alpha.dtype == np.uint16 and alpha.shape == (height, width)
    assert colours is not None and colours.shape == (height, width, 3)
    assert solution.assess().subject is not None


def test_a_hint_of_the_layer_reaches_the_model_in_pixels_of_the_proxy() -> None:
    hints = Hints(points=(HintPoint(650, 450),))
    view = Matting(picture(), GRID, MattingOptions(hints=hints)).views()[0]
    assert view.prompt is not None
    assert [(point.x, point.y) for point in view.prompt.points] == [(65, 45)]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (MattingOptions(hints=Hints(points=(HintPoint(W * 10, 0),))), "outside the layer"),
        (MattingOptions(normalise="sepia"), "'sepia'"),
    ],
)
def test_what_cannot_be_done_is_said_before_a_model_runs(
    options: MattingOptions, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        Matting(picture(), GRID, options).views()


def test_transparency_is_seen_as_grey() -> None:
    proxy = np.dstack([picture(), np.full((H, W), 255, np.uint8)])
    proxy[:, :9, 3] = 0
    flat = flatten_proxy(proxy)
    np.testing.assert_array_equal(flat[:, 9:], picture()[:, 9:])
    assert (flat[:, :9] == 128).all()


def test_best_lays_windows_only_for_a_refiner_and_untouched_edges() -> None:
    best, spec = MattingOptions(Quality.BEST), RefinerSpec("mine", 128)
    refined = solve(best, spec)
    assert refined.windows is not None and "Then mine refined" in refined.method
    for solution in (solve(best), solve(replace(best, edge=EdgeControls(smooth=0.3)), spec)):
        assert solution.windows is None
    alone, high = solve(best), solve(MattingOptions(Quality.HIGH))
    np.testing.assert_array_equal(alone.matte.a, high.matte.a)
    assert explain_lack(best, None) in alone.method
    assert explain_lack(best, spec) == explain_lack(MattingOptions(), None) == ""


def test_nothing_changed_when_nothing_did_and_something_when_it_did() -> None:
    options = MattingOptions()
    before = solve(options)
    assert not solve(options).changed_since(before).any()
    hint = Hints(points=(HintPoint(50, 50),))
    changed = solve(replace(options, hints=hint)).changed_since(before)
    assert changed[0] and not changed[-1]


def test_a_prompted_model_says_where_it_looked() -> None:
    answer = Coarse(coarse(), note="It looked in the middle.", prompted=True)
    solution = Matting(picture(), GRID, MattingOptions()).solve(answer)
    assert solution.method.endswith("It looked in the middle.")
