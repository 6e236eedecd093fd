"""The model inside the package: small, steady, honest about empty pictures, and good enough."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket.models import Model, Registry

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "models" / "frisket" / "models" / "embedded" / "embedded.onnx"
MASKS = Path(os.environ.get("FRISKET_SHARED", ROOT.parent / "shared")) / "data" / "masks"
# Mean absolute error at most, mean IoU at least: what is shipped, less 0.01.
LEAST = {"ecssd": (0.071, 0.812), "ccp": (0.024, 0.94), "grabcut": (0.061, 0.827)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    registry = Registry(tmp_path_factory.mktemp("home"))
    assert registry.default() == "embedded", "it runs when nothing else is present"
    return registry.open("", "cpu", 2)


def picture(seed: int = 0) -> np.ndarray:
    y, x = np.mgrid[:300, :400]
    base = np.stack([x // 2, y // 2, (x + y) // 4], axis=2).astype(np.uint8)
    base[80:220, 140:260] = (220, 60 + seed, 40)
    return base


def test_it_is_small() -> None:
    assert WEIGHTS.stat().st_size <= 5_000_000


def test_a_batch_answers_as_single_pictures_do(model: Model) -> None:
    pictures = [picture(seed) for seed in range(3)]
    together = model.matte(pictures)
    for one, coarse in zip(pictures, together, strict=True):
        alone = model.matte([one])[0].alpha.astype(int)
        assert np.abs(alone - coarse.alpha).max() <= 1


def test_it_answers_the_same_twice(model: Model) -> None:
    first, second = (model.matte([picture()])[0].alpha for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_picture_has_no_subject(model: Model, grey: int) -> None:
    coarse = model.matte([np.full((200, 300, 3), grey, np.uint8)])[0]
    assert coarse.empty
    assert not coarse.alpha.any()


@pytest.mark.parametrize("group", sorted(LEAST))
def test_scores_on_photographs_it_never_saw(model: Model, group: str) -> None:
    photos = sorted(MASKS.glob(f"{group}_*_image.*"))
    if not photos:
        pytest.skip(f"no photographs in {MASKS}; set FRISKET_SHARED to the folder with data/")
    errors, overlaps = [], []
    for photo in photos:
        truth = np.asarray(Image.open(photo.with_name(_mask_name(photo))).convert("L")) >= 128
        rgb = np.asarray(Image.open(photo).convert("RGB"))
        alpha = model.matte([rgb])[0].alpha
        errors.append(np.abs(alpha / 255 - truth).mean())
        union = np.count_nonzero((alpha >= 128) | truth)
        overlaps.append(np.count_nonzero((alpha >= 128) & truth) / union)
    most, least = LEAST[group]
    assert np.mean(errors) <= most
    assert np.mean(overlaps) >= least


def _mask_name(photo: Path) -> str:
    return photo.stem[: -len("image")] + "mask.png"
