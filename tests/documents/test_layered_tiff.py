"""Photoshop layers inside a TIFF, in both byte orders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_documents import tiff_block
from samples import Picture
from splices import splice_alpha, splice_mask

from frisket.documents import ArrayAlpha, OutputError, Rect, open_document
from frisket.documents.tiff import TiffDocument


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_masks_go_into_the_block(
    tmp_path: Path, picture: Picture, disc: Picture, order: str, dtype: str, bigtiff: bool
) -> None:
    path, out = tmp_path / "layered.tif", tmp_path / "out.tif"
    pixels, merged = picture(40, 30, 3, dtype), picture(64, 48, 3, dtype)
    data = tiff_block(order, "Figure", pixels)
    tifffile.imwrite(
        path, merged, photometric="rgb", byteorder=order, bigtiff=bigtiff,
        extratags=[(37724, 7, len(data), data, True), (315, "s", 0, "Nobody", True)],
    )  # fmt: skip
    alpha = disc(40, 30, 8 if dtype == "u1" else 16)
    with open_document(path) as document:
        layer = document.find_layer(None)
        assert [one.path for one in document.layers] == ["Figure", "Image"]
        assert (layer.x, layer.y, layer.kind, layer.has_mask) == (3, 5, "pixel", False)
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, 40, 30)), pixels)
        page = document.find_layer("Image")
        assert np.array_equal(document.raster(page).read(Rect(0, 0, 64, 48)), merged)
        splice_mask(document, out, {layer: ArrayAlpha(alpha)})
        splice_alpha(document, tmp_path / "alpha.tif", page, ArrayAlpha(disc(64, 48)))
    before, after = path.read_bytes(), out.read_bytes()[: path.stat().st_size]
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 8
    with TiffDocument(out) as document:
        layer = document.find_layer("Figure")
        assert layer.has_mask
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, 40, 30)), pixels)
        mask = document.read_mask(layer, Rect(10, 5, 20, 15))
        assert mask is not None
        assert np.array_equal(np.rint(mask * np.iinfo(alpha.dtype).max), alpha[5:20, 10:30])
        assert document.read_mask(document.find_layer("Image"), Rect(0, 0, 9, 9)) is None
        with pytest.raises(OutputError, match="already has a mask"):
            splice_mask(document, out, {layer: ArrayAlpha(alpha)})
    with tifffile.TiffFile(out) as result:
        assert np.array_equal(result.pages[0].asarray(), merged)
        assert result.pages[0].tags[315].value == "Nobody"
    with open_document(tmp_path / "alpha.tif") as document:
        assert document.find_layer(None).name == "Figure"
