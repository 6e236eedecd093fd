"""Selections, layers and pages, over the corpus and on small documents."""

from __future__ import annotations

import io
import re
from collections import Counter

import numpy as np
import pytest
import tifffile
from psd_tools import PSDImage
from psd_tools.psd import PSD
from splices import name_copy, splice_layer, splice_page, splice_selection

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.verify import differences

KINDS = {8: "u1", 16: ">u2", 32: ">f4"}


def ramp(width: int, height: int, depth: int) -> np.ndarray:
    values = np.add.outer(np.arange(height), np.arange(width)).astype("u2") * np.uint16(37)
    return values if depth > 8 else values.astype("u1")


def whole(layer) -> Rect:
    return Rect(0, 0, layer.width, layer.height)


def test_selections_are_read_back_exactly(corpus, tmp_path):
    seen: Counter[str] = Counter()
    for path in corpus("psd"):
        try:
            psd = PSD.read(io.BytesIO(path.read_bytes()))
            planes = psd.image_data.get_data(psd.header)
            document = open_document(path)
        except Exception:
            continue
        if document.width * document.height > 2_000_000 or psd.header.depth == 1:
            continue
        out = name_copy(document, tmp_path)
        alpha = ramp(document.width, document.height, document.depth)
        canvas = document.layers[0]
        canvas = type(canvas)(**{**canvas.__dict__, "x": 0, "y": 0})
        try:
            splice_selection(document, out, canvas, ArrayAlpha(alpha), "Ünique")
        except DocumentError as error:
            seen[type(error).__name__] += 1
            continue
        result = PSD.read(io.BytesIO(out.read_bytes()))
        after = result.image_data.get_data(result.header)
        assert [bytes(plane) for plane in after[:-1]] == [bytes(plane) for plane in planes]
        found = np.frombuffer(after[-1], KINDS[psd.header.depth]).reshape(alpha.shape)
        expected = alpha if document.depth < 32 else alpha / np.float32(65535)
        assert np.array_equal(found, expected), path.name
        allowed = {"header", "merged image"} | {f"resource {n}" for n in (1006, 1045, 1053, 1077)}
        assert {one.what for one in differences(path, out)} <= allowed, path.name
        seen["exact"] += 1
    assert seen["exact"] > 300
    assert seen["OutputError"] + seen["UnsupportedDocument"] < 10


def test_new_layers_stand_above_the_hidden_original(corpus, tmp_path):
    seen = 0
    for path in corpus("psd")[::2]:
        try:
            document = open_document(path)
            layer = document.find_layer(None)
            PSDImage.open(path)
        except Exception:
            continue
        broken = "crash-" in path.name or "oob-write" in path.name
        if broken or not document.nodes or layer.width * layer.height > 1_000_000:
            continue
        alpha = ramp(layer.width, layer.height, document.depth)
        out = name_copy(document, tmp_path)
        splice_layer(document, out, {layer: ArrayAlpha(alpha)})
        PSDImage.open(out)
        with open_document(out) as result:
            place = [one.path for one in result.layers].index(layer.path + " cutout")
            new, old = result.layers[place], result.layers[place + 1]
            assert (old.path, old.visible) == (layer.path, False)
            assert (new.visible, new.has_alpha, new.has_mask) == (True, True, layer.has_mask)
            before = document.raster(layer).read(whole(layer))
            after = result.raster(new).read(whole(new))
            colours = before.shape[-1] - layer.has_alpha
            floats = before.dtype.kind == "f"
            assert np.array_equal(after[..., :colours], before[..., :colours], equal_nan=floats)
            assert np.array_equal(result.raster(old).read(whole(old)), before, equal_nan=floats)
            if not layer.has_alpha and not floats:
                assert np.array_equal(after[..., -1], alpha)
        left = {re.sub(r" \(\d+\)$", "", one.what) for one in differences(path, out)}
        mine = {f"layer {layer.path} blending", "resource 1057"}
        extra = {one for one in left if not one.startswith(f"layer {new.path} ")}
        assert extra <= mine, (path.name, extra)
        seen += 1
    assert seen > 80


def test_pages_are_appended(corpus, tmp_path, disc):
    out, seen = tmp_path / "out.tif", 0
    alpha = disc(700, 530)
    for path in corpus("tiff")[::5]:
        try:
            document = open_document(path)
        except DocumentError:
            continue
        try:
            splice_page(document, out, ArrayAlpha(alpha))
        except DocumentError as error:
            assert "circle" in str(error) or "the file ends" in str(error)
            continue
        with tifffile.TiffFile(out) as result:
            last = result.pages[-1].asarray()
        expected = alpha if last.dtype == np.uint8 else alpha.astype("u2") * 257
        assert np.array_equal(last, expected), path.name
        before, after = path.read_bytes(), out.read_bytes()[: path.stat().st_size]
        changed = np.frombuffer(before, "u1") != np.frombuffer(after, "u1")
        assert changed.sum() <= 8
        seen += 1
    assert seen > 50


@pytest.mark.parametrize("suffix", [".png", ".psd"])
def test_what_a_format_cannot_carry_is_said(tmp_path, suffix, picture, disc):
    from PIL import Image

    path = tmp_path / "flat.png"
    Image.fromarray(picture(40, 30)).save(path)
    with open_document(path) as document, pytest.raises(DocumentError, match="not possible"):
        splice_page(document, tmp_path / f"out{suffix}", ArrayAlpha(disc(40, 30)))
