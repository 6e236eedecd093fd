"""Making difficult scans easier for the model. Only what the model sees is changed.

Each step is for one fault: a colour cast, flat contrast, noise, wrong exposure.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput
from .types import Bytes

_DIM = 130.0  # Lab lightness of 0..255 that all but the lightest twentieth stay below
_CAST = 18.0  # distance of the mean from neutral, in Lab units


def _white_balance(rgb: Bytes) -> Bytes:
    """Balance by shades of grey (Finlayson and Trezzi, CIC 2004), Minkowski norm 6."""
    wide = rgb.reshape(-1, 3).astype(np.float64)
    light = np.power(np.power(wide, 6).mean(axis=0), 1 / 6)
    gain = np.clip(light.mean() / np.maximum(light, 1), 0.5, 2.0)
    return np.asarray(np.clip(np.rint(rgb * gain), 0, 255), np.uint8)


def _clahe(rgb: Bytes) -> Bytes:
    """Equalise Lab's lightness, its contrast limited (Zuiderveld, 1994)."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def _denoise(rgb: Bytes) -> Bytes:
    """Denoise by non-local means (Buades et al., CVPR 2005) at 640 px, else a bilateral filter."""
    if max(rgb.shape[:2]) <= 640:
        return np.asarray(cv2.fastNlMeansDenoisingColored(rgb, None, 7, 7, 5, 15))
    return np.asarray(cv2.bilateralFilter(rgb, 7, 30, 5))


def _exposure(rgb: Bytes) -> Bytes:
    """Apply the gamma that brings the median lightness to the middle."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    middle = float(np.clip(np.median(grey) / 255, 0.02, 0.98))
    gamma = float(np.clip(np.log(0.45) / np.log(middle), 0.4, 2.0))
    table = np.rint(255 * np.power(np.arange(256) / 255, gamma)).astype(np.uint8)
    return np.asarray(cv2.LUT(rgb, table))


_STEPS: dict[str, Callable[[Bytes], Bytes]] = {
    "exposure": _exposure,
    "white-balance": _white_balance,
    "denoise": _denoise,
    "clahe": _clahe,
}
CHOICES = ("off", "auto", *_STEPS)


def _measure_tint(lab: NDArray[np.float32]) -> float:
    """Return the distance of the mean colour of (n, 3) Lab pixels from neutral, in Lab units."""
    return float(np.hypot(*(lab[:, 1:].mean(axis=0) - 128)))


def _choose_steps(rgb: Bytes) -> list[str]:
    """Return what `auto` takes; no denoising, which helped no model (docs/research/matting.md)."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    low, high = np.percentile(lab[:, 0], (5, 95))
    # A cast tints the lights as well; a red flower does not.
    tints = [_measure_tint(part) for part in (lab, lab[lab[:, 0] >= high])]
    wanted = {
        # Dark throughout: a night with lamps or a moon is as it should be.
        "exposure": high < _DIM,
        "white-balance": min(tints) > _CAST and float(lab[:, 1:].std(axis=0).max()) < tints[0],
        "clahe": high - low < 70,
    }
    return [name for name, needed in wanted.items() if needed]


def check_normalisation(choice: str) -> None:
    """Check that a choice of `normalise_picture` exists.

    Raises:
        BadInput: a step does not exist.
    """
    if choice in ("", "off", "auto"):
        return
    for name in choice.split(","):
        if name.strip() not in _STEPS:
            known = ", ".join(CHOICES)
            raise BadInput(f"There is no normalisation {name.strip()[:40]!r}; there are {known}.")


def normalise_picture(rgb: Bytes, choice: str = "off") -> tuple[Bytes, list[str]]:
    """Return what the model is to see of a picture.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        choice: "off" (or empty), "auto", or names of steps with commas between them.

    Returns:
        A picture of the same size, and the steps that were taken, in order.

    Raises:
        BadInput: a step does not exist.
    """
    if choice in ("", "off"):
        return rgb, []
    check_normalisation(choice)
    asked = _choose_steps(rgb) if choice == "auto" else [c.strip() for c in choice.split(",")]
    steps = [name for name in _STEPS if name in asked]
    for name in steps:
        rgb = _STEPS[name](rgb)
    return rgb, steps
