"""Noise taken out of a picture, in bands of rows that know their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from frisket.documents.core.pixels import Pixels
from frisket.extras import advise_install

from .errors import BadFinish
from .lab import change_picture, refuse_inks
from .scene import Facts, Scene

METHODS = ("nlm", "bilateral")
_PATCH, _SEARCH = 5, 15  # of non-local means, in pixels
_REACH = 5  # of the bilateral filter
HALO = _PATCH // 2 + _SEARCH // 2 + 1
"""Rows around a band that its pixels depend on, by either method."""
_FULL = 0.12  # the difference that counts as noise at full strength, as a share of white
_PIN = HALO + 1


def read_method(text: str) -> str:
    """Return one of `METHODS`."""
    word = text.strip().lower()
    if word not in METHODS:
        raise ValueError(f"{text!r} takes out no noise: use {', '.join(METHODS)}")
    return word


@dataclass(frozen=True)
class Denoise:
    """Less noise.

    Attributes:
        method: "nlm", non-local means (Buades and others, CVPR 2005), keeps textures; "bilateral"
            (Tomasi and Manduchi, ICCV 1998) is several times faster.
        strength: 0 to 1.
    """

    method: str = "nlm"
    strength: float = 0.4

    def check(self, facts: Facts) -> None:
        """Refuse inks, and an installation without OpenCV.

        Raises:
            BadFinish: it is one of these.
        """
        refuse_inks(facts, "a denoising")
        load_cv()

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with less noise; nothing is done with no strength."""
        if not self.strength:
            return scene
        take = _average if self.method == "nlm" else _smooth
        spread = self.strength * _FULL
        return change_picture(
            scene, lambda image: scene.work.compute(image, lambda rows: take(rows, spread), HALO)
        )


def load_cv() -> Any:
    """Return the module cv2.

    Raises:
        BadFinish: it is not installed.
    """
    try:
        return import_module("cv2")
    except ImportError as error:
        raise BadFinish(
            f"Taking out noise needs OpenCV ({error}): {advise_install('finish')}"
        ) from error


def _average(rows: Pixels, spread: float) -> Pixels:
    """Return pixels (height, width, bands) after non-local means of absolute differences."""
    cv = load_cv()
    strengths = [float(spread * np.iinfo(rows.dtype).max)] * rows.shape[2]
    found = cv.fastNlMeansDenoising(
        np.ascontiguousarray(rows), strengths, None, _PATCH, _SEARCH, cv.NORM_L1
    )
    averaged: Pixels = np.asarray(found).reshape(rows.shape)
    return averaged


def _smooth(rows: Pixels, spread: float) -> Pixels:
    """Return pixels (height, width, bands) after a bilateral filter."""
    cv, peak = load_cv(), np.iinfo(rows.dtype).max
    # Its table of weights spans the values that it finds: two rows beyond reach fix what it finds.
    pinned = np.pad(rows.astype(np.float32) / peak, ((0, 2 * _PIN), (0, 0), (0, 0)), mode="reflect")
    pinned[-2], pinned[-1] = 0, 1
    found = cv.bilateralFilter(pinned, 2 * _REACH + 1, spread * 2, _REACH / 2)
    kept: Pixels = np.asarray(found).reshape(pinned.shape)[: len(rows)]
    whole: Pixels = np.rint(np.clip(kept, 0, 1) * peak)
    return whole.astype(rows.dtype)
