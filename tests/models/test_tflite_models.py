"""The real TFLite graphs, turned into ONNX and as models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from tflite_graphs import computed, interpret, small_selfie

from frisket.models import BadPrompt, BadSignature, Prompt, Registry
from frisket.models.backends.onnx import Graph
from frisket.models.importers.tflite import to_onnx
from frisket.models.importers.tflite_file import read

from .conftest import SHARED
from .tflite_cases import (
    RNG,
    find_weights,
    run_imported,
    run_tflite,
)

MATTES = SHARED / "data" / "mattes"


SELFIES = ("selfie_segmentation.tflite", "selfie_segmentation_landscape.tflite")


DEEPLAB = "deeplabv3_257_mv_gpu.tflite"


def read_photograph(size: tuple[int, int]) -> np.ndarray:
    """(1, h, w, 3) float32 of 0..255: a face, and everything around it."""
    files = sorted(MATTES.glob("*_image.png"))
    if not files:
        data = pytest.importorskip("skimage.data", reason="no photograph is at hand")
        picture = Image.fromarray(data.astronaut())
    else:
        picture = Image.open(files[3]).convert("RGB")
    small = picture.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32)[None]


@pytest.mark.parametrize("name", SELFIES)
def test_every_layer_of_selfie_is_what_numpy_says(name: str) -> None:
    """Each operator, from the importer's own inputs to it, so that errors cannot hide."""
    path = find_weights(name)
    network = read(path)
    model = onnx.load_from_string(to_onnx(path))
    made = {o for node in model.graph.node for o in node.output if o.startswith("t")}
    made -= {o for o in made if o.endswith(".open")}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in sorted(made))
    graph = Graph(model.SerializeToString(), "cpu", 2)
    x = read_photograph(network.tensors[network.inputs[0]].shape[1:3]) / np.float32(255)
    names = sorted(made)
    answers = graph.run({graph.inputs[0].name: x.transpose(0, 3, 1, 2)}, names)
    values = {int(n[1:]): a.transpose(0, 2, 3, 1) for n, a in zip(names, answers, strict=True)}
    values[network.inputs[0]] = x
    values |= {i: t.data for i, t in enumerate(network.tensors) if t.data is not None}
    for step in network.operators:
        expected = computed(step, [np.asarray(values[i]) for i in step.inputs])
        if step.kind == "DEQUANTIZE":
            values[step.outputs[0]] = expected
            continue
        found = values[step.outputs[0]]
        worst = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
        assert worst < 1e-4, f"{step}: {worst}"


@pytest.mark.parametrize("name", SELFIES)
def test_selfie_mattes_agree_from_end_to_end(name: str) -> None:
    path = find_weights(name)
    network = read(path)
    x = read_photograph(network.tensors[network.inputs[0]].shape[1:3]) / np.float32(255)
    expected = interpret(network, x)[network.outputs[0]]
    assert expected.max() > 0.5, "the photograph must show the model something"
    assert np.abs(run_imported(path, x) - expected).mean() * 255 <= 2


@pytest.mark.parametrize("name", SELFIES)
def test_selfie_agrees_with_tflite(name: str) -> None:
    path = find_weights(name)
    x = read_photograph(read(path).tensors[0].shape[1:3]) / np.float32(255)
    found, expected = run_imported(path, x), run_tflite(path, x)
    assert expected.max() > 0.5 and np.abs(found - expected).mean() * 255 <= 2
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_deeplab_agrees_with_tflite() -> None:
    path = find_weights(DEEPLAB)
    x = read_photograph((257, 257)) / np.float32(127.5) - 1
    found, expected = run_imported(path, x), run_tflite(path, x)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    shares = [np.exp(v) / np.exp(v).sum(axis=3, keepdims=True) for v in (found, expected)]
    assert np.abs(shares[0] - shares[1]).max(axis=3).mean() * 255 <= 2


@pytest.mark.parametrize(
    ("name", "file"),
    [("selfie", SELFIES[0]), ("selfie-landscape", SELFIES[1]), ("deeplab", DEEPLAB)],
)
def test_known_models_come_from_a_local_file(registry: Registry, name: str, file: str) -> None:
    info = registry.add(name, "", find_weights(file))
    assert info.present and info.licence == "Apache-2.0"
    astronaut = pytest.importorskip("skimage.data").astronaut()
    coarse = registry.open(name, "cpu", 2).matte([astronaut])[0]
    assert coarse.alpha[250, 220] > 200, "the astronaut's face is in the matte"
    assert coarse.alpha[:60, :60].mean() < 60, "the flag's corner is not"
    again = registry.open(name, "cpu", 2).matte([astronaut])[0]
    np.testing.assert_array_equal(coarse.alpha, again.alpha)


def test_classes_are_chosen_by_name(registry: Registry) -> None:
    skdata = pytest.importorskip("skimage.data")
    registry.add("deeplab", "", find_weights(DEEPLAB))
    model = registry.open("deeplab", "cpu", 2)
    cat = skdata.chelsea()
    told = [Prompt(classes=("cat",)), Prompt(classes=("person", "dog")), None]
    as_cat, as_others, as_anything = model.matte([cat] * 3, told)
    assert as_cat.alpha[120, 220] > 200 and not as_cat.empty
    assert as_others.empty and not as_others.alpha.any()
    assert np.abs(as_anything.alpha.astype(int) - as_cat.alpha).mean() < 12
    np.testing.assert_array_equal(as_cat.layers["cat"], as_cat.alpha)
    with pytest.raises(BadPrompt, match=r"no class 'unicorn'; it knows .*person"):
        model.matte([cat], [Prompt(classes=("unicorn",))])


def test_own_files_are_added_under_a_family(registry: Registry, tmp_path: Path) -> None:
    path = small_selfie(tmp_path / "mine.tflite", (256, 256))
    assert registry.add("mine", "selfie", path).present
    picture = RNG.integers(0, 256, (90, 130, 3)).astype(np.uint8)
    assert registry.open("mine").matte([picture])[0].alpha.shape == (90, 130)
    with pytest.raises(BadSignature, match=r"expects an input 1x3x144x256.* has t0 \(\?x3x256x256"):
        registry.add("wide", "selfie-landscape", path)
