"""The recipe of the band's network: exact scenes, honest classes, the same weights each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="the training group (PyTorch) is not installed")
pytest.importorskip("onnx", reason="the training group is not installed")

RECIPE = Path(__file__).resolve().parents[2] / "models" / "training"
S = 96


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(RECIPE))


def make_pair(seed: int) -> Any:
    """A disc on coarse noise."""
    from data import Pair

    noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    image = np.asarray(Image.fromarray(noise).resize((160, 120), Image.Resampling.BICUBIC))
    y, x = np.mgrid[:120, :160]
    mask = np.where(np.hypot(y - 60, x - 80) < 40, 255, 0).astype(np.uint8)
    return Pair("discs", str(seed), image, mask, None)


def draw(seed: int, side: int = 2 * S) -> Any:
    from band.scenes import draw_scene

    rng = np.random.default_rng(seed)
    scenes = (draw_scene(rng, make_pair(seed), make_pair(seed + 100), side) for _ in range(20))
    return next(scene for scene in scenes if scene is not None)


def test_a_scene_is_its_seed() -> None:
    one, again, other = draw(3), draw(3), draw(4)
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.alpha, again.alpha)
    assert one.image.shape == (2 * S, 2 * S, 3) and one.alpha.shape == (2 * S, 2 * S)
    assert not np.array_equal(one.alpha, other.alpha)


def test_colours_are_mixed_by_the_alpha_that_is_told() -> None:
    from band.scenes import mix

    alpha = np.linspace(0, 1, 256, dtype=np.float32)[None].repeat(8, 0)
    front = np.full((8, 256, 3), 200, np.float32)
    back = np.full((8, 256, 3), 40, np.uint8)
    for seed in range(6):  # in either kind of light
        mixed = mix(np.random.default_rng(seed), front, back, alpha)
        np.testing.assert_allclose(mixed[:, 0], 40, atol=0.1)
        np.testing.assert_allclose(mixed[:, -1], 200, atol=0.1)
        assert (np.diff(mixed[0, :, 0]) > 0).all()


def test_hair_only_adds_and_lace_only_takes_away() -> None:
    from band.shapes import draw_body, draw_growth, draw_strands, find_roots, grow, pierce

    rng = np.random.default_rng(5)
    body = draw_body(rng, 4 * S)
    how = draw_growth(rng, fur=False)
    paths = grow(rng, find_roots(rng, body, 200, 1.0), how, 4 * S)
    colours = np.zeros((2 * S, 2 * S, 3), np.uint8)
    haired = draw_strands(rng, body, colours, paths, how.width)
    assert (haired >= body).all() and (haired > body).any()
    assert (pierce(rng, body) <= body).all()


def test_a_photograph_says_nothing_of_its_edge() -> None:
    from band.answers import UNTOLD, frame_photograph

    scene = frame_photograph(np.random.default_rng(1), make_pair(1), 2 * S)
    assert scene is not None and set(np.unique(scene.alpha)) == {0, UNTOLD, 255}
    inside = scene.alpha == 255
    assert inside.any() and not inside[0].any()


def test_a_square_is_known_only_when_all_of_it_is() -> None:
    from band.answers import UNTOLD
    from band.batches import IGNORED, classify
    from band.network import BACKGROUND, OPEN, SUBJECT

    alpha = np.array([[0, 2, 255, 253, 0, 9], [1, 0, 254, 255, 0, 0]], np.uint8)
    assert classify(alpha).tolist() == [[BACKGROUND, SUBJECT, OPEN]]
    alpha = np.array([[0, 255, UNTOLD, 255], [0, 255, 255, 255]], np.uint8)
    assert classify(alpha).tolist() == [[OPEN, IGNORED]]


def test_the_loss_looks_at_what_is_open_or_misjudged() -> None:
    from band.batches import IGNORED, weigh
    from band.network import BACKGROUND, OPEN

    classes = np.full((S, S), BACKGROUND, np.uint8)
    classes[40:44, 40:44], classes[90:, 90:] = OPEN, IGNORED
    coarse = np.zeros((2 * S, 2 * S), np.uint8)
    coarse[:8, :8] = 255  # a thing that is not there
    weights = weigh(classes, coarse)
    assert weights[42, 42] == weights[2, 2] == weights[46, 42] == 1
    assert weights[95, 95] == 0 and 0 < weights[70, 10] < 0.2


def test_local_colours_tell_the_share_of_a_mixed_pixel() -> None:
    from band.features import CHANNELS, make_features

    alpha = np.clip((np.arange(2 * S) - 80) / 32, 0, 1)[None].repeat(S, 0)[..., None]
    rgb = alpha * (200, 60, 30) + (1 - alpha) * (20, 90, 160)
    coarse = np.where(alpha[..., 0] > 0.5, 255, 0).astype(np.uint8)
    made = make_features(rgb.astype(np.uint8), coarse)
    assert made.shape == (S, 2 * S, CHANNELS) and made.dtype == np.float32
    middle = np.s_[:, 90:102]
    assert np.abs(made[middle][..., 6] + 0.5 - alpha[middle][..., 0]).max() < 0.2


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Made scenes with one answer that is right and one that is nearly so."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number in range(4):
        scene = draw(number)
        planes = [scene.image, scene.alpha, scene.alpha, np.roll(scene.alpha, 3, 1)]
        np.save(folder / f"{number:05}.npy", np.dstack(planes))
    return folder


def test_a_batch_depends_on_seed_and_step_alone(scenes: Path) -> None:
    from band.batches import Plan, StepBatches, list_scenes

    learnt, held = list_scenes(scenes, held=2)
    assert not {*learnt} & {*held} and len(learnt) == len(held) == 2
    one, other = (StepBatches(learnt, Plan(9, 3, 1e-3, 64, seed=7)) for _ in range(2))
    one[2]
    for plane, twin in zip(one[5], other[5], strict=True):
        np.testing.assert_array_equal(plane.numpy(), twin.numpy())
    assert not np.array_equal(one[6][0].numpy(), one[5][0].numpy())


def test_a_run_that_was_stopped_resumes_to_the_same_weights(scenes: Path, tmp_path: Path) -> None:
    from band.batches import Plan
    from band.train import Run, train

    plan = Plan(4, 2, 1e-3, 64, seed=1)
    whole, broken = (tmp_path / name for name in ("whole", "broken"))
    whole.mkdir(), broken.mkdir()
    first = Run(plan, whole)
    train(first, scenes, 2)
    stopped = Run(plan, broken)
    with pytest.raises(InterruptedError):
        train(_Stopped(stopped, after=3), scenes, 2)  # past its checkpoint of step 2
    resumed = Run(plan, broken)
    assert resumed.resume() and resumed.step == 2
    train(resumed, scenes, 2)
    same, weights = first.mean.state_dict(), resumed.mean.state_dict()
    assert all(torch.equal(same[name], weights[name]) for name in same)
    read = [(run / "log.jsonl").read_text().count("\n") for run in (whole, broken)]
    assert read == [2, 2]


class _Stopped:
    """A run that ends amid its work."""

    def __init__(self, run: Any, after: int) -> None:
        self._run, self._after = run, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def learn(self, *batch: Any) -> float:
        if self._run.step == self._after:
            raise InterruptedError
        return float(self._run.learn(*batch))


def test_what_is_exported_is_small_and_answers_as_the_network_does(tmp_path: Path) -> None:
    from band import export
    from band.network import BandNet

    torch.manual_seed(0)
    torch.save({"mean": BandNet().state_dict()}, tmp_path / "checkpoint.pt")
    model, path = export.load(tmp_path), tmp_path / "band.onnx"
    export.write(model, path)
    assert export.measure_deviation(model, path) < 0.02
    assert path.stat().st_size < export.MOST_BYTES
    check_shares(path)


def check_shares(path: Path) -> None:
    """A picture of any size has an answer for each of its pixels."""
    from band.evaluate import ask

    from frisket.models.backends.onnx import import_runtime

    pair = make_pair(1)
    session = import_runtime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    shares = ask(session, pair.image[:51, :77], pair.mask[:51, :77])
    assert shares.shape == (51, 77, 4) and shares.min() >= 0
    np.testing.assert_allclose(shares[..., :3].sum(-1), 1, atol=1e-3)


def test_only_the_band_gets_narrower_where_the_network_is_sure() -> None:
    pytest.importorskip("skimage", reason="the benchmarks need the development group")
    from band.evaluate import judge_band, narrow

    trimap = np.array([[0, 128, 128, 128, 255]], np.uint8)
    shares = np.zeros((1, 5, 4), np.float32)
    shares[0, :2, 2] = shares[0, 4, 0] = 0.95  # the subject; background, where the subject is known
    shares[0, 2, 0], shares[0, 3, 2] = 0.95, 0.6
    assert narrow(trimap, shares, 0.9).tolist() == [[0, 255, 0, 128, 255]]
    truth = np.array([[0, 90, 90, 0, 255]], np.uint8)
    assert judge_band(trimap, truth) == {"recall": 1.0, "width": 1.5}
