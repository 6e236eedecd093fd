"""Mattes stay what they were looked at and found good; a little drift is tolerated."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
make_goldens = pytest.importorskip("make_goldens", reason="needs scikit-image's photographs")

# Of 255, in the mean: other processors round otherwise; a changed edge differs far more.
TOLERANCE = 2.5


def test_every_matte_is_near_its_golden() -> None:
    compared = 0
    for name, alpha in make_goldens.mattes():
        golden = cv2.imread(str(make_goldens.FOLDER / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        assert golden is not None, f"run scripts/make_goldens.py: {name} is missing"
        assert alpha.shape == golden.shape
        assert np.abs(alpha.astype(int) - golden).mean() <= TOLERANCE, name
        compared += 1
    assert compared == 12
