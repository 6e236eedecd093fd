"""Every document of the corpus as a cutout, and as a model sees it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import tifffile

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.write import write_cutout

_LARGEST = 1_000_000


@pytest.mark.parametrize("kind", ["psd", "tiff"])
def test_cutouts_of_everything(corpus, tmp_path, kind, disc):
    seen = Counter()
    for path in corpus(kind)[::2]:
        try:
            with open_document(path) as document:
                layer = document.find_layer(None)
                if layer.width * layer.height > _LARGEST:
                    continue
                alpha = disc(layer.width, layer.height)
                raster = document.raster(layer)
                whole = Rect(0, 0, layer.width, layer.height)
                shown = raster.read_srgb(whole)
                assert shown.dtype in (np.uint8, np.uint16)
                assert shown.shape == (layer.height, layer.width, 3 + layer.has_alpha), path.name
                write_cutout(tmp_path / "out.tif", document, layer, ArrayAlpha(alpha))
                check(tmp_path / "out.tif", alpha, layer, document, shown, path.name)
                seen["tif"] += 1
                if layer.mode in ("RGB", "GRAY") and layer.depth <= 16:
                    write_cutout(tmp_path / "out.png", document, layer, ArrayAlpha(alpha))
                    seen["png"] += 1
        except DocumentError as error:
            seen[type(error).__name__] += 1
    assert seen["tif"] > 80, seen
    assert seen["png"] > 50, seen


def check(out, alpha, layer, document, shown, name):
    """The alpha is exact, and the cutout looks the same as the layer does."""
    page = tifffile.TiffFile(out).pages[0]
    assert page.extrasamples == (2,), name
    opacity = page.asarray()[..., -1].reshape(alpha.shape)
    top = 1.0 if opacity.dtype.kind == "f" else float(np.iinfo(opacity.dtype).max)
    if not layer.has_alpha:
        assert np.allclose(opacity / top, alpha / 255, atol=1e-6), name
    with open_document(out) as result:
        assert result.icc_profile == (None if layer.mode == "INDEXED" else document.icc_profile)
        raster = result.raster(result.layers[0])
        after = raster.read_srgb(Rect(0, 0, layer.width, layer.height))
    solid = np.asarray(opacity / top > 0)
    one, two = scaled(after)[solid], scaled(shown)[solid]
    assert not one.size or np.abs(one - two).max() < 0.02, name


def scaled(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., :3] / float(np.iinfo(pixels.dtype).max)
