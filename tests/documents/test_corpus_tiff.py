"""Every TIFF that tifffile decodes: the same pixels, and an alpha that harms nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from corpus import Tally, each_file
from samples import Samples, ramp
from splices import splice_alpha, splice_page

from frisket.documents import (
    ArrayAlpha,
    Document,
    DocumentError,
    Layer,
    LayerResult,
    Rect,
    ResultOptions,
    UnsupportedDocument,
    differences,
    open_document,
)
from frisket.documents.tiff import TiffDocument, splice_directories
from frisket.documents.tiff.pages import find_turn
from frisket.documents.tiff.raster import TiffRaster

# Tags that describe how samples are stored; the rest must not change.
STORAGE = {258, 273, 277, 278, 279, 280, 281, 322, 323, 324, 325, 338, 339, 340, 341}
# And how they are packed, where they were converted.
CODED = {259, 262, 266, 284, 292, 293, 317, 320, 322, 323, 347, *range(512, 522), *range(529, 533)}
_MANY_PAGES = 40


def open_tiff(path: Path) -> TiffDocument:
    """A file of the corpus; skips where it is refused with one sentence."""
    try:
        document = open_document(path)
    except DocumentError as error:
        assert path.name in str(error)
        pytest.skip("it cannot be opened")
    assert isinstance(document, TiffDocument)
    return document


def first_page(document: TiffDocument) -> tuple[Any, TiffRaster, Samples]:
    """The first page as tifffile sees it, its raster and its samples; skips where damaged."""
    try:
        page, raster = next(iter(document.open_rasters()))
        return page, raster, raster.read_samples(Rect(0, 0, raster.width, raster.height))
    except DocumentError:
        pytest.skip("its pixels are damaged")


def stored(page: Any) -> Samples:
    """(height, width, samples) as tifffile decodes them."""
    whole: Samples = page.asarray().reshape(page.shaped)[:, 0]
    if page.planarconfig == 2 and page.samplesperpixel > 1:
        return np.moveaxis(whole[..., 0], 0, -1)
    return np.asarray(whole[0])


def page_layer(document: Document) -> Layer:
    """The first page itself, not a layer inside it."""
    return next(layer for layer in document.layers if layer.kind in ("page", "image"))


def decodes(page: Any) -> bool:
    try:
        page.asarray()
    except Exception:
        return False
    return bool(page.imagedepth == 1)


@each_file("tiff")
def test_pages_have_the_pixels_that_tifffile_decodes(path: Path, tally: Tally) -> None:
    rng = np.random.default_rng(3)
    with open_tiff(path) as document:
        for page, raster in list(document.open_rasters())[:_MANY_PAGES]:
            if not decodes(page):
                continue
            expected = stored(page).astype(raster.dtype)
            whole = raster.read_samples(Rect(0, 0, *expected.shape[1::-1]))
            floats = whole.dtype.kind == "f"
            assert np.array_equal(expected, whole, equal_nan=floats)
            x0, x1 = sorted(rng.integers(0, whole.shape[1], 2))
            y0, y1 = sorted(rng.integers(0, whole.shape[0], 2))
            rect = Rect(int(x0), int(y0), int(x1 - x0) + 1, int(y1 - y0) + 1)
            part = whole[rect.y : rect.bottom, rect.x : rect.right]
            assert np.array_equal(raster.read_samples(rect), part, equal_nan=floats)
            tally.add("equal pages")


@each_file("tiff", 2)
def test_proxies_are_eight_bit_srgb(path: Path) -> None:
    with open_tiff(path) as document:
        raster = document.raster(page_layer(document))
        try:
            proxy = raster.proxy(64)
        except DocumentError:
            pytest.skip("its pixels are damaged")
    assert proxy.dtype == np.uint8
    assert proxy.shape[2] == 3 + raster.has_alpha
    assert max(proxy.shape[:2]) == min(64, max(raster.width, raster.height))


@each_file("tiff")
def test_an_alpha_goes_into_it_and_other_tags_stay(
    path: Path, tmp_path: Path, tally: Tally
) -> None:
    out = tmp_path / "out.tif"
    with open_tiff(path) as document:
        page, raster, before = first_page(document)
        layer = page_layer(document)
        upright = document.raster(layer)
        alpha = ramp(upright.width, upright.height, raster.depth)
        try:
            splice_alpha(document, out, layer, ArrayAlpha(alpha))
        except UnsupportedDocument as error:
            assert "--as matte" in str(error)
            pytest.skip("its samples cannot be extended")
    turn = find_turn(page)
    compare(page, raster, before, alpha if turn is None else turn.undo(alpha), out)
    tally.add("exact alphas")


def compare(page: Any, raster: TiffRaster, before: Samples, alpha: Samples, out: Path) -> None:
    result = tifffile.TiffFile(out).pages[0]
    after = stored(result)
    floats = before.dtype.kind == "f"
    own = raster.samples.alpha and not raster.samples.premultiplied
    place = raster.samples.taken[-1] if own else before.shape[-1]
    kept = [i for i in range(before.shape[-1]) if i != place]
    left = after[..., kept].astype(before.dtype)
    assert np.array_equal(left, before[..., kept], equal_nan=floats)
    top = 1.0 if floats else float(np.iinfo(before.dtype).max)
    expected = alpha / float(np.iinfo(alpha.dtype).max) * top
    if own:
        expected = expected * before[..., place] / top
    expected = expected if floats else np.rint(expected)
    assert np.allclose(after[..., place], expected, atol=1e-3 if floats else 0)
    old = {tag.code: str(tag.value) for tag in page.tags}
    new = {tag.code: str(tag.value) for tag in result.tags}
    storage = STORAGE | ({259, 317} if int(page.compression) in (50001, 34925) else set())
    assert {code for code in old if old[code] != new.get(code)} <= storage


@each_file("tiff")
@pytest.mark.parametrize("kind", ["alpha", "page"])
def test_nothing_else_of_a_file_changes(
    path: Path, tmp_path: Path, tally: Tally, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte, where pixels had to be converted too; and no library says a word."""
    out = tmp_path / "out.tif"
    with open_tiff(path) as document:
        layer = page_layer(document)
        alpha = ArrayAlpha(np.full((layer.height, layer.width), 99, "u1"))
        options = ResultOptions(existing="multiply", convert=True)
        try:
            document.splice(kind, out, [LayerResult(layer, alpha)], options)
        except DocumentError as error:
            assert "\n" not in str(error)
            assert not list(tmp_path.iterdir())
            pytest.skip("it is refused")
        added = {f"page {len(document.pages) + 1}"}
    assert capfd.readouterr().err == ""
    found = {one.what for one in differences(path, out)}
    stored = {f"page 1 tag {code}" for code in STORAGE | CODED}
    stored |= {"page 1 pixels"} | {f"page 1 sample {number}" for number in range(64)}
    assert found <= (added if kind == "page" else stored), found
    tally.add(f"same but for the {kind}")


@pytest.mark.parametrize("name", ["empty.tif", "short.tif", "lying.tif"])
def test_damaged_files_give_one_sentence(tmp_path: Path, name: str) -> None:
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


@each_file("tiff", 2)
def test_a_classic_file_becomes_bigtiff_where_it_must(
    path: Path, tmp_path: Path, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it had passed four gigabytes.
    monkeypatch.setattr(splice_directories, "CLASSIC_LIMIT", 0)
    out = tmp_path / "out.tif"
    with open_tiff(path) as document:
        page, raster, before = first_page(document)
        layer = page_layer(document)
        upright = document.raster(layer)
        alpha = np.full((upright.height, upright.width), 99, "u1")
        try:
            splice_alpha(document, out, layer, ArrayAlpha(alpha))
        except DocumentError:
            pytest.skip("it takes no alpha")
        turn = find_turn(page)
        compare(page, raster, before, alpha if turn is None else turn.undo(alpha), out)
        compare_pages(path, out)
        splice_page(document, out, ArrayAlpha(alpha), layer)
        with tifffile.TiffFile(out) as result:
            last = result.pages[-1].asarray()
            assert np.array_equal(last >> (0 if raster.depth == 8 else 8), alpha)
            if decodes(page):
                floats = before.dtype.kind == "f"
                assert np.array_equal(stored(result.pages[0]), stored(page), equal_nan=floats)
    tally.add("made big")


def compare_pages(path: Path, out: Path) -> None:
    """It is a BigTIFF now, and the other pages are as they were."""
    with tifffile.TiffFile(out) as result, tifffile.TiffFile(path) as original:
        assert result.is_bigtiff
        assert len(result.pages) == len(original.pages)
        for one, two in list(zip(original.pages, result.pages, strict=True))[1:4]:
            if decodes(one):
                assert np.array_equal(stored(one), stored(two), equal_nan=one.dtype.kind == "f")


def test_enough_was_seen(tally: Tally) -> None:
    tally.require("equal pages", 400)
    tally.require("exact alphas", 250)
    tally.require("made big", 100)
    tally.require("same but for the alpha", 400)
    tally.require("same but for the page", 400)
