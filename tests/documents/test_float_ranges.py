"""Floats that are no light of 0 to 1 are shown in their range; those that are stay as they were."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from samples import Samples

from frisket.documents import ArrayAlpha, open_document
from frisket.documents.write import write_cutout


def light() -> Samples:
    y, x = np.mgrid[0:90, 0:120]
    shares = np.stack([x / 119, y / 89, (x + y) / 208], -1)
    return np.asarray(shares, np.float32)


def proxy(path: Path, values: Samples, **options: object) -> Samples:
    tifffile.imwrite(path, values.astype("f4"), photometric="rgb", **options)
    with open_document(path) as document:
        return document.raster(document.layers[0]).proxy().astype(float) / 255


@pytest.mark.parametrize("scale", [255, 65535])
def test_numbers_of_8_and_16_bits_are_seen_as_such(scale: int, tmp_path: Path) -> None:
    values = np.rint(light() * scale)
    assert np.abs(proxy(tmp_path / "in.tif", values) - light()).max() < 1.5 / 255


def test_measured_values_are_shown_between_their_ends(tmp_path: Path) -> None:
    found = proxy(tmp_path / "in.tif", light() * 3000 + 500)
    assert np.abs(found - light()).max() < 0.02


@pytest.mark.parametrize("code", [340, 341])
def test_what_the_file_says_counts(code: int, tmp_path: Path) -> None:
    told = [(340, "f", 1, 0.0, True), (341, "f", 1, 1000.0, True)]
    found = proxy(tmp_path / "in.tif", light() * 500 + 2, extratags=told)
    assert np.abs(found - (light() * 500 + 2) / 1000).max() < 1.5 / 255


@pytest.mark.parametrize("brightest", [1, 6])
def test_light_with_highlights_stays_light(brightest: int, tmp_path: Path) -> None:
    """Without highlights it is what it is; with them what is dark is, and they are no one white."""
    values = light() ** 3 * brightest
    found = proxy(tmp_path / "in.tif", values)
    kept = values < (2 if brightest == 1 else 0.1)
    curve = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
    assert np.abs(found - curve)[kept].max() < 1 / 255
    assert brightest == 1 or np.ptp(found[values > 1]) > 0.08


def test_what_is_no_number_leaves_zeros_and_no_warning(tmp_path: Path) -> None:
    values = light().copy()
    values[:30], values[30:40], values[40:50] = np.nan, np.inf, -np.inf
    stored = np.concatenate([values, np.full((90, 120, 1), 0.5, "f4")], -1)
    stored[:20, :, 3] = np.nan
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    for kind in ("assocalpha", "unassalpha"):
        tifffile.imwrite(path, stored, photometric="rgb", extrasamples=[kind])
        alpha = np.zeros((90, 120), "u1")
        alpha[60:] = 255
        with warnings.catch_warnings(), open_document(path) as document:
            warnings.simplefilter("error")
            document.raster(document.layers[0]).proxy(64)
            write_cutout(out, document, document.layers[0], ArrayAlpha(alpha))
        found = tifffile.imread(out)
        assert (found[:60] == 0).all() and np.isfinite(found[60:]).all()
