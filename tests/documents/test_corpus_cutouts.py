"""Every document of the corpus as a cutout, and as a model sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from corpus import Tally, each_file
from samples import Picture, Samples

from frisket.documents import ArrayAlpha, Document, DocumentError, Layer, Rect, open_document
from frisket.documents.write import write_cutout

_LARGEST = 1_000_000


def check_cutout(path: Path, folder: Path, disc: Picture, tally: Tally) -> None:
    """Cut a document's layer out; whatever is refused is refused with one typed error."""
    out = folder / "out.tif"
    try:
        with open_document(path) as document:
            layer = document.find_layer(None)
            if layer.width * layer.height > _LARGEST:
                pytest.skip("large: it would take long")
            alpha = disc(layer.width, layer.height)
            whole = Rect(0, 0, layer.width, layer.height)
            shown = document.raster(layer).read_srgb(whole)
            assert shown.dtype in (np.uint8, np.uint16)
            assert shown.shape == (layer.height, layer.width, 3 + layer.has_alpha)
            write_cutout(out, document, layer, ArrayAlpha(alpha))
            compare(out, alpha, layer, document, shown)
            tally.add("tif")
            if layer.mode in ("RGB", "GRAY") and layer.depth <= 16:
                write_cutout(folder / "out.png", document, layer, ArrayAlpha(alpha))
                tally.add("png")
    except DocumentError as error:
        assert "\n" not in str(error)
        pytest.skip(f"{type(error).__name__}: it cannot be read or cut out")


def compare(out: Path, alpha: Samples, layer: Layer, document: Document, shown: Samples) -> None:
    """The alpha is exact, and the cutout looks the same as the layer does."""
    page = tifffile.TiffFile(out).pages[0]
    assert page.extrasamples == (2,)
    opacity = page.asarray()[..., -1].reshape(alpha.shape)
    top = 1.0 if opacity.dtype.kind == "f" else float(np.iinfo(opacity.dtype).max)
    if not layer.has_alpha:
        assert np.allclose(opacity / top, alpha / 255, atol=1e-6)
    with open_document(out) as result:
        assert result.icc_profile == (None if layer.mode == "INDEXED" else document.icc_profile)
        raster = result.raster(result.layers[0])
        after = raster.read_srgb(Rect(0, 0, layer.width, layer.height))
    solid = np.asarray(opacity / top > 0)
    one, two = scale(after)[solid], scale(shown)[solid]
    assert not one.size or np.abs(one - two).max() < 0.02


def scale(pixels: Samples) -> Samples:
    return np.asarray(pixels[..., :3] / float(np.iinfo(pixels.dtype).max))


@each_file("psd", 2)
def test_a_cutout_of_a_psd(path: Path, tmp_path: Path, disc: Picture, tally: Tally) -> None:
    check_cutout(path, tmp_path, disc, tally)


@each_file("tiff", 2)
def test_a_cutout_of_a_tiff(path: Path, tmp_path: Path, disc: Picture, tally: Tally) -> None:
    check_cutout(path, tmp_path, disc, tally)


def test_enough_was_cut_out(tally: Tally) -> None:
    tally.require("tif", 160)
    tally.require("png", 100)
