"""Models with classes: one run of the graph serves every class of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from graphs import family_graph

from frisket.models import manifest
from frisket.models.adapters.single import SingleModel
from frisket.models.backends.onnx import Graph
from frisket.models.conformance import draw_picture
from frisket.models.core.types import Array, Prompt

SPEC = manifest.find_family("deeplab")
CLASSES = ("cat", "dog", "person")
FIRST, SECOND = draw_picture(60, 80), draw_picture(97, 64)


class Counted(Graph):
    """The graph on the CPU, which counts its runs."""

    runs = 0

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        self.runs += 1
        return super().run(feeds, outputs)


@pytest.fixture
def graph(tmp_path: Path) -> Counted:
    return Counted(family_graph(SPEC, tmp_path / "m.onnx"), "cpu", 1)


def open_model(graph: Counted) -> SingleModel:
    return SingleModel(SPEC, SPEC.describe(), graph)


def answer(model: SingleModel, picture: Array, *names: str) -> list[bytes]:
    asked = [Prompt(classes=(name,)) for name in names]
    return [model.matte([picture], [one])[0].alpha.tobytes() for one in asked]


def test_classes_one_after_another_take_one_run(graph: Counted) -> None:
    together = answer(open_model(graph), FIRST, *CLASSES)
    assert graph.runs == 1
    # Each by a model that has seen nothing yet.
    assert together == [answer(open_model(graph), FIRST, name)[0] for name in CLASSES]
    assert graph.runs == 1 + len(CLASSES)


def test_another_picture_is_looked_at(graph: Counted) -> None:
    model = open_model(graph)
    answer(model, FIRST, "cat")
    seen = answer(model, SECOND, "cat")
    assert graph.runs == 2
    assert seen == answer(open_model(graph), SECOND, "cat")
    changed = FIRST.copy()
    changed[0, 0] ^= 1
    assert answer(model, changed, "cat") == answer(open_model(graph), changed, "cat")


def test_the_same_picture_twice_in_one_call(graph: Counted) -> None:
    model = open_model(graph)
    told = [Prompt(classes=(name,)) for name in CLASSES]
    together = model.matte([FIRST] * len(CLASSES), told)
    assert [one.alpha.tobytes() for one in together] == answer(model, FIRST, *CLASSES)
    assert graph.runs == 1


def test_few_pictures_are_kept(graph: Counted) -> None:
    model = open_model(graph)
    others = [np.roll(FIRST, number, axis=1) for number in range(1, 6)]
    for one in (FIRST, *others, FIRST):
        answer(model, one, "cat")
    assert graph.runs == 7
