"""Refiners: how they are fed, chosen and refused; random graphs of ViTMatte's signature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import convolution, refiner

from frisket.models import BadOutput, BadPrompt, BadSignature, Refiner, Registry


def open_refiner(registry: Registry, file: Path, family: str = "vitmatte") -> Refiner:
    registry.add("mine", family, file)
    model = registry.open("mine", "cpu", 1)
    assert isinstance(model, Refiner)
    return model


@pytest.mark.parametrize(("family", "red"), [("vitmatte", 200 / 255), ("vitmatte-hf", 145 / 255)])
def test_colours_and_trimap_arrive_as_the_family_says(
    registry: Registry, tmp_path: Path, family: str, red: float
) -> None:
    """The graph answers with its first channel, so with the colour after normalisation."""
    model = open_refiner(registry, refiner(tmp_path / "r.onnx", 64), family)
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 0] = 200
    trimap = np.full((64, 64), 128, np.uint8)
    trimap[:20], trimap[40:] = 0, 255
    alpha = model.refine(image, trimap) / 65535
    assert model.side == 64 and alpha.shape == (64, 64)
    np.testing.assert_allclose(alpha[:20], 0)
    np.testing.assert_allclose(alpha[40:], 1)
    np.testing.assert_allclose(alpha[20:40], red, atol=1e-4)


def test_a_graph_of_free_size_gets_the_familys(registry: Registry, tmp_path: Path) -> None:
    assert open_refiner(registry, refiner(tmp_path / "r.onnx", "s"), "vitmatte-hf").side == 512


def test_signatures_are_named(registry: Registry, tmp_path: Path) -> None:
    plain = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises(BadSignature, match=r"expects an input 1x4xSxS .* has x \(1x3x320x320"):
        registry.add("mine", "vitmatte", plain)
    with pytest.raises(BadSignature, match=r"S a multiple of 32.* has pixel_values \(1x4x70x70"):
        registry.add("mine", "vitmatte", refiner(tmp_path / "odd.onnx", 70))
    with pytest.raises(BadSignature, match=r"expects an input 1x3x320x320"):
        registry.add("mine", "u2net", refiner(tmp_path / "r.onnx", 64))


def test_nan_is_refused(registry: Registry, tmp_path: Path) -> None:
    path = refiner(tmp_path / "r.onnx", 64, "context")
    model = onnx.load(str(path))
    nan = np.full((1, 4, 9, 9), np.nan, np.float32)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(nan, "w"))
    onnx.save(model, str(path))
    with pytest.raises(BadOutput, match="not numbers"):
        registry.add("mine", "vitmatte", path)


def test_a_refiner_is_chosen_beside_the_model(registry: Registry, tmp_path: Path) -> None:
    assert registry.refiner() == ""
    file = refiner(tmp_path / "r.onnx", 64)
    registry.add("one", "vitmatte", file)
    registry.add("two", "vitmatte-hf", file)
    assert registry.refiner() == "one"
    registry.set_default("two")
    assert registry.refiner() == "two" and registry.default() == "embedded"
    assert {info.name for info in registry.list() if info.default} == {"two", "embedded"}
    registry.remove("two")
    assert registry.refiner() == "one"


def test_a_refiner_answers_nothing_alone(registry: Registry, tmp_path: Path) -> None:
    model = open_refiner(registry, refiner(tmp_path / "r.onnx", 64))
    with pytest.raises(BadPrompt, match="--quality best"):
        model.matte([np.zeros((64, 64, 3), np.uint8)])
