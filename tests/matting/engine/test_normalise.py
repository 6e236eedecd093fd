"""Difficult scans are made easier for the model, good ones left alone."""

from __future__ import annotations

import numpy as np
import pytest
from matting_kit import H, W, picture

from frisket.matting import BadInput
from frisket.matting.engine import normalise_picture


@pytest.mark.parametrize("choice", ["clahe", "denoise", "white-balance,exposure", "auto"])
def test_normalisation_keeps_size_and_kind(choice: str) -> None:
    seen, _ = normalise_picture(picture(), choice)
    assert seen.shape == (H, W, 3) and seen.dtype == np.uint8


def test_normalisation_off_touches_nothing() -> None:
    rgb = picture()
    assert normalise_picture(rgb, "off") == (rgb, [])


def test_automatic_normalisation_sees_the_fault() -> None:
    dark = (picture() // 8).astype(np.uint8)
    assert "exposure" in normalise_picture(dark, "auto")[1]
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    tinted = (grey * (1.0, 0.75, 0.4)).astype(np.uint8)
    assert "white-balance" in normalise_picture(tinted, "auto")[1]
    flat = (110 + picture() * 0.12).astype(np.uint8)
    assert "clahe" in normalise_picture(flat, "auto")[1]


def test_automatic_normalisation_leaves_a_night_with_a_lamp_alone() -> None:
    night = (picture() // 10).astype(np.uint8)
    night[30:60, 40:80] = (250, 245, 240)
    assert normalise_picture(night, "auto")[1] == []


def test_unknown_normalisation_is_named() -> None:
    with pytest.raises(BadInput, match="'sepia'"):
        normalise_picture(picture(), "sepia")
