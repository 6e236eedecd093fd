"""The metrics against a second implementation, written from the published definitions."""

from __future__ import annotations

import numpy as np
import pytest

from frisket.measure.metrics import score

cv2 = pytest.importorskip("cv2")
ndimage = pytest.importorskip("scipy.ndimage")


def _pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A soft truth and an alpha that errs: shifted, blurred, with a speck."""
    rng = np.random.default_rng(seed)
    truth = cv2.GaussianBlur((cv2.blur(rng.random((72, 90)), (15, 15)) > 0.5) * 1.0, (0, 0), 1.5)
    alpha = np.roll(cv2.GaussianBlur(truth, (0, 0), 1.0), (1, 2), (0, 1))
    alpha[3:7, 3:7] = 0.9
    return np.rint(alpha * 255).astype(np.uint8), np.rint(truth * 255).astype(np.uint8)


def _gradient(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Rhemann et al., CVPR 2009: difference of magnitudes under a normalised derivative."""
    sigma = 1.4
    half = int(np.ceil(sigma * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * sigma * 0.01))))
    u = np.arange(-half, half + 1)
    bell = np.exp(-(u**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    kernel = np.outer(bell, -u * bell / sigma**2)
    kernel /= np.sqrt((kernel**2).sum())

    def magnitude(values: np.ndarray) -> np.ndarray:
        across = ndimage.convolve(values, kernel, mode="nearest")
        return np.hypot(across, ndimage.convolve(values, kernel.T, mode="nearest"))

    return float(((magnitude(alpha) - magnitude(truth)) ** 2).sum() / 1000)


def _connectivity(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Rhemann et al., CVPR 2009: the level up to which a pixel hangs together with the whole."""
    level = np.ones(alpha.shape)
    open_ = np.ones(alpha.shape, bool)
    for step in range(1, 11):
        names, _ = ndimage.label((alpha >= step / 10) & (truth >= step / 10))
        sizes = np.bincount(names.ravel())
        sizes[0] = 0
        whole = (names == sizes.argmax()) & (names > 0)
        level[open_ & ~whole] = (step - 1) / 10
        open_ &= whole

    def degree(values: np.ndarray) -> np.ndarray:
        away = values - level
        return 1 - np.where(away >= 0.15, away, 0)

    return float(np.abs(degree(alpha) - degree(truth)).sum() / 1000)


def _max_f(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Achanta et al., CVPR 2009, with beta squared 0.3, over every 8-bit threshold."""
    best, wanted = 0.0, truth >= 128
    for threshold in range(1, 256):
        marked = alpha >= threshold
        hits = int((marked & wanted).sum())
        if hits:
            precision, recall = hits / marked.sum(), hits / wanted.sum()
            best = max(best, 1.3 * precision * recall / (0.3 * precision + recall))
    return best


def _boundary_f(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Martin et al., PAMI 2004, within a square of 0.75 % of the diagonal."""
    reach = max(1, round(0.0075 * np.hypot(*alpha.shape)))
    cross = ndimage.generate_binary_structure(2, 1)

    def outline(mask: np.ndarray) -> np.ndarray:
        return mask & ~ndimage.binary_erosion(mask, cross, border_value=1)

    a, t = outline(alpha >= 128), outline(truth >= 128)
    square = np.ones((2 * reach + 1,) * 2, bool)
    precision = ndimage.binary_dilation(t, square)[a].mean()
    recall = ndimage.binary_dilation(a, square)[t].mean()
    return float(2 * precision * recall / (precision + recall))


@pytest.mark.parametrize("seed", range(4))
def test_every_metric_follows_its_definition(seed: int) -> None:
    alpha, truth = _pair(seed)
    found = score(alpha, truth)
    a, t = alpha / 255.0, truth / 255.0
    both, either = (alpha >= 128) & (truth >= 128), (alpha >= 128) | (truth >= 128)
    assert found.sad == pytest.approx(np.abs(a - t).sum() / 1000, rel=1e-4)
    assert found.mae == pytest.approx(np.abs(a - t).mean(), rel=1e-4)
    assert found.mse == pytest.approx(((a - t) ** 2).mean(), rel=1e-4)
    assert found.iou == pytest.approx(both.sum() / either.sum())
    assert found.gradient == pytest.approx(_gradient(a, t), rel=1e-3)
    assert found.connectivity == pytest.approx(_connectivity(a, t), rel=1e-3)
    assert found.max_f == pytest.approx(_max_f(alpha, truth), rel=1e-3)
    assert found.boundary_f == pytest.approx(_boundary_f(alpha, truth), rel=1e-6)
