"""Every TIFF that tifffile decodes: the same pixels, and an alpha that harms nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import tifffile
from splices import splice_alpha

from frisket.documents import ArrayAlpha, DocumentError, Rect, UnsupportedDocument, open_document
from frisket.documents.tiff.pages import find_turn

# Tags that describe how samples are stored; the rest must not change.
STORAGE = {258, 273, 277, 278, 279, 280, 281, 322, 323, 324, 325, 338, 339, 340, 341}


def stored(page: tifffile.TiffPage) -> np.ndarray:
    """(height, width, samples) as tifffile decodes them."""
    whole = page.asarray().reshape(page.shaped)[:, 0]
    if page.planarconfig == 2 and page.samplesperpixel > 1:
        return np.moveaxis(whole[..., 0], 0, -1)
    return whole[0]


def page_layer(document):
    """The first page itself, not a layer inside it."""
    return next(layer for layer in document.layers if layer.kind in ("page", "image"))


def decodes(page: tifffile.TiffPage) -> bool:
    try:
        page.asarray()
    except Exception:
        return False
    return page.imagedepth == 1


def test_pages_have_the_pixels_that_tifffile_decodes(corpus):
    seen = Counter()
    rng = np.random.default_rng(3)
    for path in corpus("tiff"):
        try:
            document = open_document(path)
        except DocumentError as error:
            assert path.name in str(error)
            continue
        with document:
            for page, raster in document.open_rasters():
                seen["pages"] += 1
                if seen["pages"] > 900 and page.index > 20:
                    break
                if not decodes(page):
                    continue
                expected = stored(page).astype(raster.dtype)
                whole = raster.read_samples(Rect(0, 0, *expected.shape[1::-1]))
                floats = whole.dtype.kind == "f"
                assert np.array_equal(expected, whole, equal_nan=floats), path.name
                x0, x1 = sorted(rng.integers(0, whole.shape[1], 2))
                y0, y1 = sorted(rng.integers(0, whole.shape[0], 2))
                rect = Rect(int(x0), int(y0), int(x1 - x0) + 1, int(y1 - y0) + 1)
                part = whole[rect.y : rect.bottom, rect.x : rect.right]
                assert np.array_equal(raster.read_samples(rect), part, equal_nan=floats), path.name
                seen["equal"] += 1
    assert seen["equal"] > 400


def test_proxies_are_eight_bit_srgb(corpus):
    for path in corpus("tiff")[::2]:
        try:
            with open_document(path) as document:
                raster = document.raster(page_layer(document))
                proxy = raster.proxy(64)
        except DocumentError:
            continue
        assert proxy.dtype == np.uint8
        assert proxy.shape[2] == 3 + raster.has_alpha
        assert max(proxy.shape[:2]) == min(64, max(raster.width, raster.height))


def test_alpha_goes_into_every_eligible_file_and_other_tags_stay(corpus, tmp_path):
    seen = Counter()
    out = tmp_path / "out.tif"
    for path in corpus("tiff"):
        try:
            document = open_document(path)
            layer = page_layer(document)
            page, raster = next(iter(document.open_rasters()))
            before = raster.read_samples(Rect(0, 0, raster.width, raster.height))
        except DocumentError:
            continue
        upright = document.raster(layer)
        ramp = np.add.outer(np.arange(upright.height), np.arange(upright.width)).astype("u2")
        alpha = ramp * np.uint16(37) if raster.depth > 8 else (ramp * 37).astype("u1")
        try:
            splice_alpha(document, out, layer, ArrayAlpha(alpha))
        except UnsupportedDocument as error:
            assert "use --as" in str(error)
            seen["refused"] += 1
            continue
        turn = find_turn(page)
        check(path, page, raster, before, alpha if turn is None else turn.undo(alpha), out)
        seen["exact"] += 1
    assert seen["exact"] > 250


def check(path, page, raster, before, alpha, out):
    result = tifffile.TiffFile(out).pages[0]
    after = stored(result)
    floats = before.dtype.kind == "f"
    own = raster.samples.alpha and not raster.samples.premultiplied
    place = raster.samples.taken[-1] if own else before.shape[-1]
    kept = [i for i in range(before.shape[-1]) if i != place]
    assert np.array_equal(
        after[..., kept].astype(before.dtype), before[..., kept], equal_nan=floats
    ), path.name
    top = 1.0 if floats else float(np.iinfo(before.dtype).max)
    expected = alpha / float(np.iinfo(alpha.dtype).max) * top
    if own:
        expected = expected * before[..., place] / top
    expected = expected if floats else np.rint(expected)
    assert np.allclose(after[..., place], expected, atol=1e-3 if floats else 0), path.name
    old = {tag.code: str(tag.value) for tag in page.tags}
    new = {tag.code: str(tag.value) for tag in result.tags}
    storage = STORAGE | ({259, 317} if int(page.compression) in (50001, 34925) else set())
    assert {code for code in old if old[code] != new.get(code)} <= storage, path.name


@pytest.mark.parametrize("name", ["empty.tif", "short.tif", "lying.tif"])
def test_damaged_files_give_one_sentence(tmp_path, name):
    content = {
        "empty.tif": b"",
        "short.tif": b"II*\0\x08\0\0\0",
        "lying.tif": b"II*\0\xff\xff\xff\x7f",
    }
    path = tmp_path / name
    path.write_bytes(content[name])
    with pytest.raises(DocumentError) as caught:
        open_document(path)
    assert name in str(caught.value)


def test_a_classic_file_becomes_bigtiff_where_it_must(corpus, tmp_path, monkeypatch):
    from splices import splice_page

    from frisket.documents.tiff import splice_directories

    monkeypatch.setattr(
        splice_directories, "CLASSIC_LIMIT", 0
    )  # as if it had passed four gigabytes
    out, seen = tmp_path / "out.tif", Counter()
    for path in corpus("tiff")[::2]:
        try:
            document = open_document(path)
            layer = page_layer(document)
            page, raster = next(iter(document.open_rasters()))
            before = raster.read_samples(Rect(0, 0, raster.width, raster.height))
            upright = document.raster(layer)
            alpha = np.full((upright.height, upright.width), 99, "u1")
            splice_alpha(document, out, layer, ArrayAlpha(alpha))
        except DocumentError:
            continue
        turn = find_turn(page)
        check(path, page, raster, before, alpha if turn is None else turn.undo(alpha), out)
        with tifffile.TiffFile(out) as result, tifffile.TiffFile(path) as original:
            assert result.is_bigtiff
            assert len(result.pages) == len(original.pages)
            for one, two in list(zip(original.pages, result.pages, strict=True))[1:4]:
                if decodes(one):
                    assert np.array_equal(stored(one), stored(two), equal_nan=one.dtype.kind == "f")
        splice_page(document, out, ArrayAlpha(alpha))
        with tifffile.TiffFile(out) as result:
            assert np.array_equal(
                result.pages[-1].asarray() >> (0 if raster.depth == 8 else 8), alpha
            )
            if decodes(page):
                assert np.array_equal(
                    stored(result.pages[0]), stored(page), equal_nan=before.dtype.kind == "f"
                )
        seen["exact"] += 1
    assert seen["exact"] > 100
