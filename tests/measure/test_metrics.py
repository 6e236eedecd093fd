from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket.measure.evaluate import (
    EvaluationError,
    evaluate,
    find_pairs,
    format_page,
    format_table,
    summary,
)
from frisket.measure.metrics import connectivity, gradient, iou, largest_piece, score

cv2 = pytest.importorskip("cv2")


@pytest.mark.parametrize("seed", range(6))
def test_largest_piece_is_opencvs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = cv2.blur(rng.random((60, 80)), (3, 3)) > 0.5
    _, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    found = largest_piece(mask)
    assert found.sum() == stats[1:, 4].max()
    assert len(np.unique(names[found])) == 1


def test_perfect_and_opposite() -> None:
    truth = np.zeros((40, 50), np.uint8)
    truth[10:30, 10:40] = 255
    same, other = score(truth, truth), score(255 - truth, truth)
    assert (same.sad, same.mse, same.gradient, same.connectivity) == (0, 0, 0, 0)
    assert (same.iou, same.boundary_f, same.max_f) == (1, 1, 1)
    assert other.sad == pytest.approx(2.0)
    assert other.mse == pytest.approx(1.0)
    assert other.iou == 0


def test_depths_agree() -> None:
    rng = np.random.default_rng(0)
    a, t = rng.integers(0, 256, (2, 30, 30)).astype(np.uint8)
    wide = score(a.astype(np.uint16) * 257, t)
    assert wide.sad == pytest.approx(score(a, t).sad, rel=1e-5)


def test_gradient_of_a_step_by_hand() -> None:
    """A unit step gives its height times the normalised kernel's sum across the edge."""
    step = np.zeros((41, 41), np.float32)
    step[:, 20:] = 1
    error = gradient(step, np.zeros_like(step), np.ones(step.shape, bool))
    blurred = cv2.GaussianBlur(step.astype(np.float64), (0, 0), 1.4)
    slope = np.gradient(blurred, axis=1)
    ratio = error / ((slope**2).sum() / 1000)
    wide = error * 4
    assert gradient(step * 2, np.zeros_like(step), np.ones(step.shape, bool)) == pytest.approx(wide)
    assert 90 < ratio < 110


def test_connectivity_counts_what_is_cut_off() -> None:
    truth = np.zeros((30, 30), np.float32)
    truth[5:15, 5:15] = 1
    alpha = truth.copy()
    alpha[20:25, 20:25] = 1
    assert connectivity(alpha, truth, np.ones(truth.shape, bool)) == pytest.approx(0.025, rel=0.2)
    assert iou(alpha, truth) == pytest.approx(100 / 125)


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="must agree"):
        score(np.zeros((3, 3)), np.zeros((3, 4)))


def _folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name in ("a", "b", "c"):
        Image.fromarray(rng.integers(0, 256, (30, 40, 3)).astype(np.uint8)).save(
            tmp_path / f"{name}_image.jpg"
        )
        Image.fromarray(rng.integers(0, 256, (30, 40)).astype(np.uint8)).save(
            tmp_path / f"{name}_alpha.png"
        )
    return tmp_path


def test_a_folder(tmp_path: Path) -> None:
    def make(path: Path) -> np.ndarray:
        if path.name.startswith("b"):
            raise OSError("broken <picture>")
        return np.asarray(Image.open(path).convert("L"))

    rows = evaluate(_folder(tmp_path), make)
    assert [row.pair.name for row in rows] == ["a", "b", "c"]
    assert summary(rows)["failed"] == 1
    assert "broken" in format_table(rows)
    text = format_page(rows, "test")
    assert text.count("<img") == 8
    assert "&lt;picture&gt;" in text


def test_other_layouts(tmp_path: Path) -> None:
    for side in ("images", "masks"):
        (tmp_path / "one" / side).mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / "one" / side / "x.png")
    (tmp_path / "two").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "two" / "y.jpg")
    Image.new("L", (4, 4)).save(tmp_path / "two" / "y.png")
    assert [p.name for p in find_pairs(tmp_path / "one")] == ["x"]
    assert [p.name for p in find_pairs(tmp_path / "two")] == ["y"]
    with pytest.raises(EvaluationError, match="no picture with a truth"):
        find_pairs(tmp_path)
    with pytest.raises(EvaluationError, match="no folder"):
        find_pairs(tmp_path / "three")
