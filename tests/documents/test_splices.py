"""Selections, layers and pages, over the corpus and on small documents."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from corpus import Tally, each_file
from psd_tools import PSDImage
from psd_tools.psd import PSD
from samples import Picture, Samples, ramp
from splices import name_copy, splice_layer, splice_page, splice_selection

from frisket.documents import ArrayAlpha, Document, DocumentError, Layer, Rect, open_document
from frisket.documents.verify import differences

KINDS = {8: "u1", 16: ">u2", 32: ">f4"}


def whole(layer: Layer) -> Rect:
    return Rect(0, 0, layer.width, layer.height)


@each_file("psd")
def test_selections_are_read_back_exactly(path: Path, tmp_path: Path, tally: Tally) -> None:
    try:
        psd = PSD.read(io.BytesIO(path.read_bytes()))
        planes = psd.image_data.get_data(psd.header)
        document = open_document(path)
    except Exception:
        pytest.skip("psd-tools or we do not read it")
    if document.width * document.height > 2_000_000 or psd.header.depth == 1:
        pytest.skip("large, or one bit")
    out = name_copy(document, tmp_path)
    alpha = ramp(document.width, document.height, document.depth)
    canvas = dataclasses.replace(document.layers[0], x=0, y=0)
    try:
        splice_selection(document, out, canvas, ArrayAlpha(alpha), "Ünique")
    except DocumentError:
        tally.add("refused")
        return
    result = PSD.read(io.BytesIO(out.read_bytes()))
    after = result.image_data.get_data(result.header)
    assert [bytes(plane) for plane in after[:-1]] == [bytes(plane) for plane in planes]
    found = np.frombuffer(after[-1], KINDS[psd.header.depth]).reshape(alpha.shape)
    assert np.array_equal(found, alpha if document.depth < 32 else alpha / np.float32(65535))
    allowed = {"header", "merged image"} | {f"resource {n}" for n in (1006, 1045, 1053, 1077)}
    assert {one.what for one in differences(path, out)} <= allowed
    tally.add("selections")


@each_file("psd", 2)
def test_a_new_layer_stands_above_the_hidden_original(
    path: Path, tmp_path: Path, tally: Tally
) -> None:
    try:
        document = open_document(path)
        layer = document.find_layer(None)
        PSDImage.open(path)
    except Exception:
        pytest.skip("psd-tools or we do not read it")
    broken = "crash-" in path.name or "oob-write" in path.name
    flat = "layer" not in document.carries(layer)
    if broken or flat or layer.width * layer.height > 1_000_000:
        pytest.skip("broken, flat, or large")
    alpha = ramp(layer.width, layer.height, document.depth)
    out = name_copy(document, tmp_path)
    splice_layer(document, out, {layer: ArrayAlpha(alpha)})
    PSDImage.open(out)
    with open_document(out) as result:
        compare_layers(document, result, layer, alpha)
    left = {re.sub(r" \(\d+\)$", "", one.what) for one in differences(path, out)}
    mine = {f"layer {layer.path} blending", "resource 1057"}
    assert {one for one in left if not one.startswith(f"layer {layer.path} cutout ")} <= mine
    tally.add("layers")


def compare_layers(document: Document, result: Document, layer: Layer, alpha: Samples) -> None:
    """The original is hidden, and its copy has its colours and the alpha."""
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


@each_file("tiff", 5)
def test_a_page_is_appended(path: Path, tmp_path: Path, disc: Picture, tally: Tally) -> None:
    out, alpha = tmp_path / "out.tif", disc(700, 530)
    try:
        document = open_document(path)
    except DocumentError:
        pytest.skip("it cannot be opened")
    try:
        splice_page(document, out, ArrayAlpha(alpha))
    except DocumentError as error:
        assert any(word in str(error) for word in ("circle", "the file ends", "is cut off"))
        return
    with tifffile.TiffFile(out) as result:
        last = result.pages[-1].asarray()
    assert np.array_equal(last, alpha if last.dtype == np.uint8 else alpha.astype("u2") * 257)
    before, after = path.read_bytes(), out.read_bytes()[: path.stat().st_size]
    changed = np.frombuffer(before, "u1") != np.frombuffer(after, "u1")
    assert changed.sum() <= 8
    tally.add("pages")


def test_enough_was_seen(tally: Tally) -> None:
    tally.require("selections", 300)
    assert tally.seen["refused"] < 10
    tally.require("layers", 80)
    tally.require("pages", 50)


@pytest.mark.parametrize("suffix", [".png", ".psd"])
def test_what_a_format_cannot_carry_is_said(
    tmp_path: Path, suffix: str, picture: Picture, disc: Picture
) -> None:
    from PIL import Image

    path = tmp_path / "flat.png"
    Image.fromarray(picture(40, 30)).save(path)
    with open_document(path) as document, pytest.raises(DocumentError, match="not possible"):
        splice_page(document, tmp_path / f"out{suffix}", ArrayAlpha(disc(40, 30)))
