"""TFLite graphs turned into ONNX say what TFLite says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tflite_graphs import Draft, computed, interpret, small_selfie

from frisket.models import BadPrompt, BadSignature, ModelError, ModelFileError, Prompt, Registry
from frisket.models.backends.onnx import Graph
from frisket.models.importers.tflite import to_onnx
from frisket.models.importers.tflite_file import read

from .conftest import SHARED

RNG = np.random.default_rng(5)
WEIGHTS = SHARED / "data" / "weights"
MATTES = SHARED / "data" / "mattes"
SELFIES = ("selfie_segmentation.tflite", "selfie_segmentation_landscape.tflite")
DEEPLAB = "deeplabv3_257_mv_gpu.tflite"


def weights(name: str) -> Path:
    path = WEIGHTS / name
    if not path.is_file():
        pytest.skip(f"real weights are not at {path}")
    return path


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def one(build: Callable[[Draft, int], int], path: Path, size: tuple[int, int] = (9, 12)) -> Path:
    """A graph of whatever ``build`` adds after an input of six channels."""
    draft = Draft()
    x = draft.tensor((1, *size, 6))
    draft.inputs, draft.outputs = [x], [build(draft, x)]
    return draft.save(path)


def conv(padding: int, stride: int, dilation: int, activation: int) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        size = [
            -(-n // stride) if padding == 0 else (n - 2 * dilation - 1) // stride + 1
            for n in (9, 12)
        ]
        given = [x, draft.constant(normal(4, 3, 3, 6)), draft.constant(normal(4))]
        return draft.step(
            "CONV_2D",
            given,
            (1, *size, 4),
            Padding=padding,
            StrideH=stride,
            StrideW=stride,
            DilationHFactor=dilation,
            DilationWFactor=dilation,
            FusedActivationFunction=activation,
        )

    return build


def depthwise(draft: Draft, x: int) -> int:
    given = [x, draft.constant(normal(1, 5, 5, 12)), draft.constant(normal(12))]
    return draft.step(
        "DEPTHWISE_CONV_2D",
        given,
        (1, 5, 6, 12),
        Padding=0,
        StrideH=2,
        StrideW=2,
        DepthMultiplier=2,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=3,
    )


def pool(draft: Draft, x: int) -> int:
    return draft.step(
        "AVERAGE_POOL_2D",
        [x],
        (1, 5, 6, 6),
        Padding=0,
        StrideH=2,
        StrideW=2,
        FilterHeight=3,
        FilterWidth=4,
        FusedActivationFunction=0,
    )


def pool_all(draft: Draft, x: int) -> int:
    return draft.step(
        "AVERAGE_POOL_2D",
        [x],
        (1, 1, 1, 6),
        Padding=1,
        StrideH=9,
        StrideW=12,
        FilterHeight=9,
        FilterWidth=12,
        FusedActivationFunction=0,
    )


def mean(draft: Draft, x: int) -> int:
    axes = draft.constant(np.array([1, 2], np.int32))
    return draft.step("MEAN", [x, axes], (1, 1, 1, 6), KeepDims=1)


def gated(draft: Draft, x: int) -> int:
    """Squeeze and excite: a broadcast product and a sum with a constant of one dimension."""
    gate = draft.step("LOGISTIC", [mean(draft, x)], (1, 1, 1, 6))
    product = draft.step("MUL", [x, gate], (1, 9, 12, 6), FusedActivationFunction=0)
    return draft.step(
        "ADD", [product, draft.constant(normal(6))], (1, 9, 12, 6), FusedActivationFunction=1
    )


def swish(draft: Draft, x: int) -> int:
    double = draft.step("ADD", [x, x], (1, 9, 12, 6), FusedActivationFunction=0)
    return draft.step("HARD_SWISH", [double], (1, 9, 12, 6))


def joined(draft: Draft, x: int) -> int:
    other = draft.step("RELU", [x], (1, 9, 12, 6))
    return draft.step(
        "CONCATENATION", [other, x], (1, 9, 12, 12), Axis=3, FusedActivationFunction=0
    )


def resize(size: tuple[int, int], align: int, half: int) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        to = draft.constant(np.array(size, np.int32))
        return draft.step(
            "RESIZE_BILINEAR", [x, to], (1, *size, 6), AlignCorners=align, HalfPixelCenters=half
        )

    return build


def half_weights(draft: Draft, x: int) -> int:
    w = draft.constant(normal(4, 1, 1, 6).astype(np.float16))
    wide = draft.step("DEQUANTIZE", [w], (4, 1, 1, 6))
    return draft.step(
        "CONV_2D",
        [x, wide, draft.constant(normal(4))],
        (1, 9, 12, 4),
        Padding=0,
        StrideH=1,
        StrideW=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=0,
    )


def transposed(kernel: int, stride: int, padding: int = 1) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        size = [n * stride if padding == 1 else (n - 1) * stride + kernel for n in (9, 12)]
        given = [x, draft.constant(normal(2, kernel, kernel, 6)), draft.constant(normal(2))]
        custom = struct.pack("<iii", padding, stride, stride)
        return draft.step("Convolution2DTransposeBias", given, (1, *size, 2), custom=custom)

    return build


BUILTIN = {
    "same": conv(0, 1, 1, 0),
    "strided": conv(0, 2, 1, 1),
    "valid": conv(1, 2, 1, 3),
    "dilated": conv(0, 1, 2, 2),
    "depthwise": depthwise,
    "pool": pool,
    "pool_all": pool_all,
    "mean": mean,
    "gated": gated,
    "swish": swish,
    "joined": joined,
    "resize": resize((18, 24), 0, 0),
    "resize_odd": resize((13, 31), 0, 0),
    "resize_corners": resize((17, 23), 1, 0),
    "resize_halves": resize((18, 24), 0, 1),
    "resize_nothing": resize((9, 12), 1, 0),
    "half_weights": half_weights,
}
CUSTOM = {
    "transposed": transposed(2, 2),
    "transposed_wide": transposed(4, 2),
    "transposed_odd": transposed(3, 2),
    "transposed_valid": transposed(3, 2, padding=2),
}


def imported(path: Path, x: np.ndarray) -> np.ndarray:
    """The importer's answer for (n, h, w, c), channels last."""
    graph = Graph(to_onnx(path), "cpu", 1)
    feed = {graph.inputs[0].name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))}
    return graph.run(feed, [graph.outputs[0].name])[0].transpose(0, 2, 3, 1)


def runtime(path: Path, x: np.ndarray) -> np.ndarray:
    """TFLite's own answer."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="no TFLite runtime here")
    try:
        interpreter = litert.Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    except RuntimeError as error:
        if "Convolution2DTransposeBias" in str(error):
            pytest.skip("this TFLite runtime does not know the custom operator")
        raise
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


@pytest.mark.parametrize("name", [*BUILTIN, *CUSTOM])
def test_an_operator_is_what_numpy_says(tmp_path: Path, name: str) -> None:
    path = one({**BUILTIN, **CUSTOM}[name], tmp_path / "g.tflite")
    x = normal(1, 9, 12, 6)
    network = read(path)
    expected = interpret(network, x)[network.outputs[0]]
    np.testing.assert_allclose(imported(path, x), expected, atol=2e-5)


@pytest.mark.parametrize("name", [*BUILTIN, *CUSTOM])
def test_an_operator_is_what_tflite_says(tmp_path: Path, name: str) -> None:
    path = one({**BUILTIN, **CUSTOM}[name], tmp_path / "g.tflite")
    x = normal(1, 9, 12, 6)
    np.testing.assert_allclose(imported(path, x), runtime(path, x), atol=2e-5)


def test_pictures_share_a_run(tmp_path: Path) -> None:
    path = one(gated, tmp_path / "g.tflite")
    x = normal(3, 9, 12, 6)
    singly = np.concatenate([imported(path, part[None]) for part in x])
    np.testing.assert_allclose(imported(path, x), singly, atol=1e-6)


def test_no_transposition_is_left(tmp_path: Path) -> None:
    for build in (*BUILTIN.values(), *CUSTOM.values()):
        model = onnx.load_from_string(to_onnx(one(build, tmp_path / "g.tflite")))
        onnx.checker.check_model(model, full_check=True)
        assert "Transpose" not in {node.op_type for node in model.graph.node}


# -- the real graphs


def photograph(size: tuple[int, int]) -> np.ndarray:
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
    path = weights(name)
    network = read(path)
    model = onnx.load_from_string(to_onnx(path))
    made = {o for node in model.graph.node for o in node.output if o.startswith("t")}
    made -= {o for o in made if o.endswith(".open")}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in sorted(made))
    graph = Graph(model.SerializeToString(), "cpu", 2)
    x = photograph(network.tensors[network.inputs[0]].shape[1:3]) / np.float32(255)
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
    path = weights(name)
    network = read(path)
    x = photograph(network.tensors[network.inputs[0]].shape[1:3]) / np.float32(255)
    expected = interpret(network, x)[network.outputs[0]]
    assert expected.max() > 0.5, "the photograph must show the model something"
    assert np.abs(imported(path, x) - expected).mean() * 255 <= 2


@pytest.mark.parametrize("name", SELFIES)
def test_selfie_agrees_with_tflite(name: str) -> None:
    path = weights(name)
    x = photograph(read(path).tensors[0].shape[1:3]) / np.float32(255)
    found, expected = imported(path, x), runtime(path, x)
    assert expected.max() > 0.5 and np.abs(found - expected).mean() * 255 <= 2
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_deeplab_agrees_with_tflite() -> None:
    path = weights(DEEPLAB)
    x = photograph((257, 257)) / np.float32(127.5) - 1
    found, expected = imported(path, x), runtime(path, x)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    shares = [np.exp(v) / np.exp(v).sum(axis=3, keepdims=True) for v in (found, expected)]
    assert np.abs(shares[0] - shares[1]).max(axis=3).mean() * 255 <= 2


# -- as a model


@pytest.mark.parametrize(
    ("name", "file"),
    [("selfie", SELFIES[0]), ("selfie-landscape", SELFIES[1]), ("deeplab", DEEPLAB)],
)
def test_known_models_come_from_a_local_file(registry: Registry, name: str, file: str) -> None:
    info = registry.add(name, "", weights(file))
    assert info.present and info.licence == "Apache-2.0"
    astronaut = pytest.importorskip("skimage.data").astronaut()
    coarse = registry.open(name, "cpu", 2).matte([astronaut])[0]
    assert coarse.alpha[250, 220] > 200, "the astronaut's face is in the matte"
    assert coarse.alpha[:60, :60].mean() < 60, "the flag's corner is not"
    again = registry.open(name, "cpu", 2).matte([astronaut])[0]
    np.testing.assert_array_equal(coarse.alpha, again.alpha)


def test_classes_are_chosen_by_name(registry: Registry) -> None:
    skdata = pytest.importorskip("skimage.data")
    registry.add("deeplab", "", weights(DEEPLAB))
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


# -- files that are not what they seem


def test_unknown_operators_are_named(tmp_path: Path) -> None:
    path = one(lambda draft, x: draft.step("TANH", [x], (1, 9, 12, 6)), tmp_path / "g.tflite")
    with pytest.raises(ModelFileError, match=r"g\.tflite uses TANH, .* it knows ADD, AVERAGE"):
        to_onnx(path)
    path = one(lambda draft, x: draft.step("MyOwn", [x], (1, 9, 12, 6)), tmp_path / "g.tflite")
    with pytest.raises(ModelFileError, match=r"g\.tflite uses MyOwn"):
        to_onnx(path)


def quantised(draft: Draft, x: int) -> int:
    w = draft.constant(np.zeros((4, 1, 1, 6), np.int8))
    wide = draft.step("DEQUANTIZE", [w], (4, 1, 1, 6))
    return draft.step("ADD", [x, wide], (1, 9, 12, 6), FusedActivationFunction=0)


BROKEN: dict[str, tuple[Callable[[Draft, int], int], str]] = {
    "quantised": (quantised, r"operator 0 \(DEQUANTIZE\).*quantised \(INT8\)"),
    "another size": (lambda d, x: d.step("RELU", [x], (1, 9, 12, 7)), "the file says"),
    "a kernel too large": (
        lambda d, x: d.step(
            "AVERAGE_POOL_2D", [x], (1, 1, 1, 6), Padding=1, StrideH=1, StrideW=1,
            FilterHeight=99, FilterWidth=1,
        ),
        r"operator 0 \(AVERAGE_POOL_2D\).*larger than its input",
    ),
    "no stride": (
        lambda d, x: d.step(
            "AVERAGE_POOL_2D", [x], (1, 1, 1, 6), Padding=1, StrideH=0, StrideW=1,
            FilterHeight=1, FilterWidth=1,
        ),
        "strides",
    ),
    "no options": (
        lambda d, x: d.step("Convolution2DTransposeBias", [x, x, x], (1, 18, 24, 1)),
        r"operator 0 \(Convolution2DTransposeBias\)",
    ),
    "weights of another width": (
        lambda d, x: d.step(
            "CONV_2D", [x, d.constant(normal(4, 1, 1, 5))], (1, 9, 12, 4), Padding=0, StrideH=1,
            StrideW=1, DilationHFactor=1, DilationWFactor=1,
        ),
        "weights for 5 channels, 6 come",
    ),
    "computed weights": (
        lambda d, x: d.step(
            "CONV_2D", [x, x], (1, 9, 12, 4), Padding=0, StrideH=1, StrideW=1, DilationHFactor=1,
            DilationWFactor=1,
        ),
        "is no constant",
    ),
    "nobody's value": (
        lambda d, x: d.step("RELU", [d.tensor((1, 9, 12, 6))], (1, 9, 12, 6)),
        "computed by no operator before it",
    ),
    "an input as output": (lambda d, x: x, "no operator makes its output"),
    "a tensor beyond": (lambda d, x: d.step("RELU", [77], (1, 9, 12, 6)), "tensor 77"),
    "a giant": (lambda d, x: d.step("RELU", [x], (1, 1 << 14, 1 << 14, 6)), "has the shape"),
    "an unknown activation": (
        lambda d, x: d.step("ADD", [x, x], (1, 9, 12, 6), FusedActivationFunction=5),
        "fused activation 5",
    ),
    "another axis": (
        lambda d, x: d.step("CONCATENATION", [x, x], (1, 18, 12, 6), Axis=1),
        "it joins axis 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_graphs_name_file_and_operator(tmp_path: Path, name: str) -> None:
    build, text = BROKEN[name]
    with pytest.raises(ModelFileError, match=text) as error:
        to_onnx(one(build, tmp_path / "g.tflite"))
    assert "g.tflite" in str(error.value)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 40, b"PK\x03\x04" + b"\x00" * 90])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "g.tflite").write_bytes(data)
    with pytest.raises(ModelFileError, match=r"g\.tflite is not a TFLite file"):
        to_onnx(tmp_path / "g.tflite")


SEED = Draft()
_X = SEED.tensor((1, 9, 12, 6))
SEED.inputs, SEED.outputs = [_X], [transposed(2, 2)(SEED, gated(SEED, _X))]
WHOLE = SEED.bytes()


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    length=st.integers(8, len(WHOLE)),
)
def test_damaged_files_fail_in_one_way(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    """Any bytes changed, any tail missing: a graph that runs, or one typed error."""
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    path = tmp_path_factory.getbasetemp() / "damaged.tflite"
    path.write_bytes(bytes(data[:length]))
    try:
        Graph(to_onnx(path), "cpu", 1)
    except ModelError as error:
        assert str(error)
