"""Systems without pread and pwrite: the same pixels, the same files, from many threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from psd_tools import PSDImage
from samples import Picture
from splices import splice_alpha, splice_mask

from frisket.documents import ArrayAlpha, Rect, open_document
from frisket.documents.io import copying, positioned


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pread nor pwrite; and many steps where a file is copied."""
    monkeypatch.setattr(positioned, "NATIVE", False)
    for name in ("pread", "pwrite"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(copying, "STEP", 1000)


def test_tiles_read_by_threads_are_the_whole(
    windows: None, tmp_path: Path, picture: Picture
) -> None:
    path, pixels = tmp_path / "in.tif", picture(256, 192)
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(32, 32))
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        rects = [Rect(x, y, 32, 32) for y in range(0, 192, 32) for x in range(0, 256, 32)] * 4
        with ThreadPoolExecutor(8) as pool:
            for rect, tile in zip(rects, pool.map(raster.read, rects), strict=True):
                expected = pixels[rect.y : rect.bottom, rect.x : rect.right]
                assert np.array_equal(tile, expected)


def test_splices_are_the_same_bytes(
    windows: None, tmp_path: Path, picture: Picture, disc: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = ArrayAlpha(disc(100, 80))
    tiff, psd = tmp_path / "in.tif", tmp_path / "in.psd"
    tifffile.imwrite(tiff, picture(100, 80), photometric="rgb", compression="lzw")
    made = PSDImage.new("RGB", (120, 90))
    made.create_pixel_layer(Image.fromarray(picture(100, 80)), name="Figure")
    made.save(psd)

    def spliced(name: str) -> list[bytes]:
        outs = [tmp_path / f"{name}.tif", tmp_path / f"{name}.psd"]
        with open_document(tiff) as document:
            splice_alpha(document, outs[0], document.layers[0], alpha)
        with open_document(psd) as document:
            splice_mask(document, outs[1], {document.find_layer("Figure"): alpha})
        return [out.read_bytes() for out in outs]

    without = spliced("without")
    monkeypatch.undo()
    assert spliced("with") == without
