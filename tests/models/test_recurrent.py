"""Models with a memory: their graph is fed and read as the family says, and their states pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import convolution
from recurrent_graphs import recurrent

from frisket.models import BadSignature, ModelError, Prompt, Registry
from frisket.models.conformance import draw_picture, mirror_picture
from frisket.models.core import types

PICTURE = draw_picture(90, 120)
WIDE = draw_picture(256, 2048)


def follow(registry: Registry, pictures: list[np.ndarray]) -> list[types.Coarse]:
    model, answers = registry.open("mine", "cpu", 1), []
    for picture in pictures:
        answers += model.matte([picture], [Prompt(state=answers[-1].state if answers else ())])
    return answers


def rename_port(path: Path, old: str, new: str) -> Path:
    model = onnx.load(str(path))
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]
    for port in (*model.graph.input, *model.graph.output):
        port.name = new if port.name == old else port.name
    onnx.save(model, str(path))
    return path


def test_an_answer_remembers_the_pictures_before_it(registry: Registry, tmp_path: Path) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx"))
    turned = mirror_picture(PICTURE)
    _, after = follow(registry, [turned, PICTURE])
    alone, same = follow(registry, [PICTURE] * 2)
    for other in (alone, same):
        apart = np.abs(after.alpha.astype(int) - other.alpha).mean()
        assert apart > 2, "the picture before had no part in it"


def test_a_graph_without_memory_of_its_states_forgets(registry: Registry, tmp_path: Path) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx", keeps=0.0))
    _, after = follow(registry, [mirror_picture(PICTURE), PICTURE])
    [alone] = follow(registry, [PICTURE])
    assert np.array_equal(after.alpha, alone.alpha)


def test_a_large_picture_is_looked_at_small_and_answered_large(
    registry: Registry, tmp_path: Path
) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx"))
    [coarse] = follow(registry, [WIDE])
    assert coarse.state is not None
    assert [one.shape[2:] for one in coarse.state] == [(64, 512), (64, 512), (32, 256), (32, 256)]
    assert coarse.alpha.shape == (256, 2048) and coarse.cell_px == 4
    [small] = follow(registry, [PICTURE])
    assert small.state is not None
    assert small.state[0].shape[2:] == PICTURE.shape[:2] and small.cell_px == 1


def test_a_graph_may_have_no_ratio(registry: Registry, tmp_path: Path) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx", ratio=False))
    [coarse] = follow(registry, [WIDE])
    assert coarse.state is not None and coarse.state[0].shape[2:] == WIDE.shape[:2]
    assert coarse.cell_px == 1


@pytest.mark.parametrize(("old", "new"), [("r2o", "second"), ("r2i", "second")])
def test_a_state_without_its_pair_is_refused(
    registry: Registry, tmp_path: Path, old: str, new: str
) -> None:
    file = rename_port(recurrent(tmp_path / "m.onnx"), old, new)
    with pytest.raises(BadSignature, match=r"expects 1 to 32 states r1i, r2i .* second \("):
        registry.add("mine", "rvm", file)


def test_a_graph_without_states_is_refused(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(BadSignature, match="'rvm' expects an input 1x3"):
        registry.add("mine", "rvm", convolution(tmp_path / "m.onnx", (1, 3, 64, 64)))


def test_states_too_large_to_be_carried_are_told(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx", ratio=False))
    huge = np.zeros((2048, 2048, 3), np.uint8)
    model = registry.open("mine", "cpu", 1)
    with pytest.raises(BadSignature, match=r"states of a picture take \d+ MiB, more than the 32"):
        model.matte([huge], [Prompt(state=())])


def test_a_state_of_another_picture_size_is_one_sentence(
    registry: Registry, tmp_path: Path
) -> None:
    registry.add("mine", "rvm", recurrent(tmp_path / "m.onnx"))
    [coarse] = follow(registry, [PICTURE])
    model = registry.open("mine", "cpu", 1)
    with pytest.raises(ModelError, match="The model failed"):
        model.matte([draw_picture(50, 70)], [Prompt(state=coarse.state)])
