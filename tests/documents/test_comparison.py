"""Original, foreground and matte side by side: each panel shows what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_documents import make
from PIL import Image

from frisket.documents import ArrayAlpha, LayerResult, ResultOptions, open_document
from frisket.documents.write.comparison import WRITER, compare


def halves(height: int, width: int, depth: int = 8) -> ArrayAlpha:
    """An alpha that is full on the left and 0 on the right."""
    alpha = np.zeros((height, width), "u1" if depth == 8 else "u2")
    alpha[:, : width // 2] = (1 << depth) - 1
    return ArrayAlpha(alpha)


def panels(picture: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.split(picture, 3, axis=1))


@pytest.mark.parametrize("depth", [8, 16])
def test_three_panels(tmp_path: Path, depth: int) -> None:
    source = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    Image.fromarray(source).save(tmp_path / "in.png")
    with open_document(tmp_path / "in.png") as document:
        raster = document.raster(document.find_layer(None))
        original, foreground, matte = panels(compare(raster, halves(60, 80, depth)))
    assert (original == source).all()
    assert (foreground[:, :40] == source[:, :40]).all()
    assert set(np.unique(foreground[:, 40:])) == {102, 153}, "nothing is left but the board"
    assert (matte[:, :40] == 255).all() and (matte[:, 40:] == 0).all()


def test_a_large_layer_is_reduced(tmp_path: Path) -> None:
    Image.new("RGB", (5000, 3000), (10, 200, 30)).save(tmp_path / "in.png")
    with open_document(tmp_path / "in.png") as document:
        raster = document.raster(document.find_layer(None))
        _, foreground, matte = panels(compare(raster, halves(3000, 5000)))
    assert foreground.shape[:2] == (1229, 2048)
    assert (foreground[600, 1000] == (10, 200, 30)).all()
    assert (matte[600, :1024] == 255).all() and (matte[600, 1024:] == 0).all()


@pytest.mark.parametrize("name", ["layers-lab.psd", "cmyk.jpg", "grey.png", "deep-rgba.png"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_every_kind_of_document(tmp_path: Path, name: str, suffix: str) -> None:
    with open_document(make(name, tmp_path)) as document:
        layer = document.find_layer(None)
        result = LayerResult(layer, halves(layer.height, layer.width))
        WRITER.write(document, tmp_path / f"out{suffix}", [result], ResultOptions())
    picture = Image.open(tmp_path / f"out{suffix}")
    assert (picture.mode, picture.size) == ("RGB", (3 * layer.width, layer.height))
