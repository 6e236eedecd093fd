"""Prompted models on random-weight pairs with the signatures of the public exporters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import SAM_KINDS, convolution, sam_pair
from onnx import helper

from frisket.models import (
    BadOutput,
    BadPrompt,
    BadSignature,
    Box,
    Model,
    ModelFileError,
    Point,
    Prompt,
    Registry,
    Stroke,
    manifest,
    mirror_prompt,
)
from frisket.models.adapters.features import FeatureCache
from frisket.models.adapters.sam import SamModel
from frisket.models.backends.onnx import Graph
from frisket.models.core.prepare import Frame

HIGH, WIDE = 300, 400


@pytest.fixture
def picture() -> np.ndarray:
    y, x = np.mgrid[:HIGH, :WIDE]
    ramp = np.stack([x // 2, y // 2, 0 * x + 90], axis=2).astype(np.uint8)
    ramp[100:200, 250:350] = (250, 220, 30)
    return ramp


def open_pair(registry: Registry, folder: Path, kind: str = "sam") -> Model:
    registry.add("mine", kind, sam_pair(folder, kind))
    return registry.open("mine", "cpu", 1)


def find_middle(alpha: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(alpha >= 128)
    return float(x.mean()), float(y.mean())


@pytest.mark.parametrize("kind", SAM_KINDS)
@pytest.mark.parametrize("turned", [False, True])
def test_a_point_lands_where_it_was_set(
    registry: Registry, tmp_path: Path, picture: np.ndarray, kind: str, turned: bool
) -> None:
    """For every raster, fit and exporter; wide pictures and tall ones."""
    image = np.ascontiguousarray(picture.transpose(1, 0, 2)) if turned else picture
    model = open_pair(registry, tmp_path, kind)
    x, y = (110, 210) if turned else (210, 110)
    coarse = model.matte([image], [Prompt(points=(Point(x, y),))])[0]
    assert coarse.alpha.shape == image.shape[:2] and coarse.prompted and not coarse.empty
    np.testing.assert_allclose(find_middle(coarse.alpha), (x, y), atol=2)
    assert coarse.confidence == pytest.approx(0.9), "the better of the two masks was taken"


@pytest.mark.parametrize("kind", SAM_KINDS)
def test_a_box_is_its_own_corners(
    registry: Registry, tmp_path: Path, picture: np.ndarray, kind: str
) -> None:
    model = open_pair(registry, tmp_path, kind)
    coarse = model.matte([picture], [Prompt(boxes=(Box(250, 100, 350, 200),))])[0]
    y, x = np.nonzero(coarse.alpha >= 128)
    np.testing.assert_allclose([x.min(), x.max(), y.min(), y.max()], [250, 349, 100, 199], atol=2)


def test_negative_points_take_away(registry: Registry, tmp_path: Path, picture: np.ndarray) -> None:
    model = open_pair(registry, tmp_path)
    yes = Point(200, 150)
    whole, less = model.matte(
        [picture] * 2, [Prompt(points=(yes,)), Prompt(points=(yes, Point(210, 150, False)))]
    )
    assert less.alpha[150, 179] > 128 > less.alpha[150, 205]
    assert whole.alpha[150, 205] > 128


def test_several_boxes_and_a_point_are_united(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    model = open_pair(registry, tmp_path)
    boxes = (Box(10, 10, 60, 60), Box(300, 200, 380, 280))
    alpha = model.matte([picture], [Prompt(boxes, (Point(200, 60),))])[0].alpha
    assert alpha[30, 30] > 128 and alpha[240, 340] > 128 and alpha[60, 200] > 128
    assert alpha[200, 150] < 128


def test_a_stroke_is_obeyed_by_its_points(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    model = open_pair(registry, tmp_path)
    line = tuple((float(x), 150.0) for x in range(60, 200, 10))
    told = Prompt(strokes=(Stroke(line), Stroke(((300.0, 150.0),), positive=False)))
    coarse = model.matte([picture], [told])[0]
    assert not coarse.note and coarse.prompted
    assert all(coarse.alpha[150, x] > 128 for x in (60, 100, 150, 190))
    assert coarse.alpha[150, 300] < 128
    flipped = mirror_prompt(told, WIDE)
    mirror = model.matte([picture[:, ::-1].copy()], [flipped])[0]
    back = find_middle(mirror.alpha[:, ::-1])
    np.testing.assert_allclose(back, find_middle(coarse.alpha), atol=2)


def test_without_a_hint_it_looks_at_what_stands_out(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    model = open_pair(registry, tmp_path)
    coarse = model.matte([picture])[0]
    assert "what stands out" in coarse.note
    np.testing.assert_allclose(find_middle(coarse.alpha), (300, 150), atol=12)
    plain = model.matte([np.full((HIGH, WIDE, 3), 90, np.uint8)])[0]
    assert "the middle" in plain.note
    np.testing.assert_allclose(find_middle(plain.alpha), (200, 150), atol=2)


def test_a_hint_outside_is_refused(registry: Registry, tmp_path: Path, picture: np.ndarray) -> None:
    model = open_pair(registry, tmp_path)
    with pytest.raises(BadPrompt, match="point 999,5 lies outside"):
        model.matte([picture], [Prompt(points=(Point(999, 5),))])


class CountingGraph(Graph):
    """A graph that remembers its runs."""

    runs = 0

    def run(self, feeds: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        self.runs += 1
        return super().run(feeds, outputs)


def test_the_encoder_runs_once_for_a_picture(tmp_path: Path, picture: np.ndarray) -> None:
    paths = sam_pair(tmp_path, "sam")
    encoder, decoder = (CountingGraph(path, "cpu", 1) for path in paths)
    spec = manifest.find_family("sam")
    model = SamModel(spec, spec.describe(), encoder, decoder)
    for x in (50, 150, 250):
        alpha = model.matte([picture.copy()], [Prompt(points=(Point(x, 150),))])[0].alpha
        np.testing.assert_allclose(find_middle(alpha)[0], x, atol=2)
    assert (encoder.runs, decoder.runs) == (1, 3)
    model.matte([picture[:, ::-1]], [Prompt(points=(Point(50, 150),))])
    assert encoder.runs == 2, "another picture has other features"


def test_features_are_kept_within_a_limit() -> None:
    cache = FeatureCache(limit_bytes=3000)
    made = []

    def encode(image: np.ndarray) -> tuple[dict[str, np.ndarray], Frame]:
        made.append(int(image[0, 0, 0]))
        return {"f": np.zeros(250, np.float32)}, Frame((1, 1), (1, 1))

    pictures = [np.full((2, 2, 3), value, np.uint8) for value in range(5)]
    for value in (0, 1, 2, 0, 3, 0, 1):
        cache.get(pictures[value], encode)
    assert made == [0, 1, 2, 3, 1], "the least used went first"
    assert cache.held_bytes <= 3000


def test_a_signature_that_does_not_fit_is_named(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    encoder, decoder = sam_pair(tmp_path, "sam")
    plain = convolution(tmp_path / "plain.onnx", (1, 3, 320, 320))
    with pytest.raises(
        BadSignature, match=r"encoder with one input height x width x 3, .*has x \(1x3x320x320"
    ):
        registry.add("mine", "sam", [plain, decoder])
    with pytest.raises(
        BadSignature, match=r"takes point_coords, point_labels .*inputs x \(1x3x320x320"
    ):
        registry.add("mine", "sam", [encoder, plain])
    with pytest.raises(BadSignature, match=r"expects an encoder"):
        registry.add("mine", "sam", [decoder, encoder])
    with pytest.raises(ModelFileError, match=r"encoder\.onnx, decoder\.onnx\), 1 given"):
        registry.add("mine", "sam", encoder)
    assert not (models / "mine").exists()


def test_a_decoder_that_answers_nan_is_refused(registry: Registry, tmp_path: Path) -> None:
    encoder, decoder = sam_pair(tmp_path, "sam")
    model = onnx.load(str(decoder))
    tensor = helper.make_tensor("value", onnx.TensorProto.FLOAT, [], [float("nan")])
    for node in model.graph.node:
        if node.output[0] == "tiny":
            del node.attribute[:]
            node.attribute.append(helper.make_attribute("value", tensor))
    onnx.save(model, str(decoder))
    with pytest.raises(BadOutput, match="not numbers"):
        registry.add("mine", "sam", [encoder, decoder])


def test_an_all_negative_answer_is_no_subject(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    model = open_pair(registry, tmp_path)
    told = Prompt((Box(195, 145, 205, 155),), (Point(200, 150, positive=False),))
    coarse = model.matte([picture], [told])[0]
    assert coarse.empty and not coarse.alpha.any() and "no subject" in coarse.note


def test_export_and_import_keep_both_parts(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    told = [Prompt(points=(Point(200, 150),))]
    here = open_pair(registry, tmp_path).matte([picture], told)[0].alpha
    registry.export("mine", tmp_path / "mine.zip")
    other = Registry(tmp_path / "other")
    other.import_(tmp_path / "mine.zip")
    model = other.open("mine", "cpu", 1)
    assert model.info.prompts
    np.testing.assert_array_equal(model.matte([picture], told)[0].alpha, here)


def test_parts_may_be_given_by_name(
    registry: Registry, tmp_path: Path, picture: np.ndarray
) -> None:
    encoder, decoder = sam_pair(tmp_path, "sam")
    registry.add("mine", "sam", {"decoder": decoder, "encoder": encoder})
    alpha = registry.open("mine", "cpu", 1).matte([picture], [Prompt(points=(Point(99, 99),))])
    np.testing.assert_allclose(find_middle(alpha[0].alpha), (99, 99), atol=2)
    with pytest.raises(ModelFileError, match=r"parts encoder, decoder, .* for decoder, head"):
        registry.add("other", "sam", {"decoder": decoder, "head": encoder})
