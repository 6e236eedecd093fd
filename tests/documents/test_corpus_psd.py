"""Every PSD and PSB that psd-tools opens: the same pixels, and masks that harm nothing."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import Tally, each_file
from psd_tools.constants import Tag
from psd_tools.psd import PSD
from samples import Samples, ramp
from splices import name_copy, splice_mask

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.psd import PsdDocument
from frisket.documents.verify import differences

KINDS = {8: "u1", 16: ">u2", 32: ">f4"}
# Files built to harm a reader: no pixels are expected of them.
BROKEN = ("crash-", "oob-write")
_LARGEST = 3_000_000


def open_both(path: Path) -> tuple[PSD, PsdDocument]:
    """A file as psd-tools reads it and as we do; skips where psd-tools does not."""
    if any(mark in path.name for mark in BROKEN):
        pytest.skip("built to harm a reader")
    try:
        psd = PSD.read(io.BytesIO(path.read_bytes()))
    except Exception:
        pytest.skip("psd-tools does not read it")
    if psd.header.depth == 1:
        pytest.skip("one bit")
    document = open_document(path)
    assert isinstance(document, PsdDocument)
    return psd, document


def layer_info(psd: PSD) -> Any:
    info = psd.layer_and_mask_information.layer_info
    blocks = psd.layer_and_mask_information.tagged_blocks
    for tag in (Tag.LAYER_16, Tag.LAYER_32):
        if blocks and tag in blocks:
            info = blocks.get_data(tag)
    return info


def plane(psd: PSD, index: int, number: int, width: int, height: int) -> Samples:
    info, header = layer_info(psd), psd.header
    ids = [channel.id for channel in info.layer_records[index].channel_info]
    data = info.channel_image_data[index][ids.index(number)]
    raw = data.get_data(width, height, header.depth, header.version)
    return np.frombuffer(raw, KINDS[header.depth]).reshape(height, width)


@each_file("psd")
def test_layers_have_the_pixels_that_psd_tools_sees(path: Path, tally: Tally) -> None:
    psd, document = open_both(path)
    with document:
        for node in document.nodes:
            record = node.record
            if not record.width or not record.height:
                continue
            raster = document.raster(node.layer)
            pixels = raster.read(Rect(0, 0, raster.width, raster.height))
            numbers = [*range(raster.channels - raster.has_alpha), -1][: raster.channels]
            for place, number in enumerate(numbers):
                if record.find_channel(number) is None:
                    continue
                expected = plane(psd, node.index, number, record.width, record.height)
                floats = pixels.dtype.kind == "f"
                assert np.array_equal(expected, pixels[..., place], equal_nan=floats), (
                    node.layer.path, number
                )  # fmt: skip
                tally.add("planes")


@each_file("psd")
def test_the_merged_image_has_the_pixels_that_psd_tools_sees(path: Path, tally: Tally) -> None:
    psd, document = open_both(path)
    with document:
        if document.nodes:
            pytest.skip("it has layers")
        raster = document.raster(document.layers[0])
        pixels = raster.read(Rect(0, 0, raster.width, raster.height))
        planes = psd.image_data.get_data(psd.header)
        for place in range(raster.channels):
            raw = np.frombuffer(planes[place], KINDS[psd.header.depth])
            assert np.array_equal(raw.reshape(raster.height, raster.width), pixels[..., place])
            tally.add("merged planes")


@each_file("psd", 3)
def test_rectangles_are_parts_of_the_whole(path: Path) -> None:
    rng = np.random.default_rng(5)
    with open_both(path)[1] as document:
        for layer in document.layers[:3]:
            if not layer.width or not layer.height:
                continue
            raster = document.raster(layer)
            whole = raster.read(Rect(0, 0, raster.width, raster.height))
            floats = whole.dtype.kind == "f"
            for _ in range(4):
                x0, x1 = sorted(rng.integers(0, raster.width, 2))
                y0, y1 = sorted(rng.integers(0, raster.height, 2))
                rect = Rect(int(x0), int(y0), int(x1 - x0) + 1, int(y1 - y0) + 1)
                part = whole[rect.y : rect.bottom, rect.x : rect.right]
                assert np.array_equal(raster.read(rect), part, equal_nan=floats)
            joined = np.concatenate([band for _, band in raster.bands()])
            assert np.array_equal(joined, whole, equal_nan=floats)


def plain(name: str) -> str:
    """A part's name without the number that tells doubled layer names apart."""
    return re.sub(r" \(\d+\)$", "", name)


@pytest.mark.slow
@each_file("psd")
def test_masks_go_into_every_layer_and_nothing_else_changes(
    path: Path, tmp_path: Path, tally: Tally
) -> None:
    with open_both(path)[1] as document:
        out = name_copy(document, tmp_path)
        for node in document.nodes:
            record = node.record
            if not 0 < record.width * record.height <= _LARGEST:
                continue
            alpha = ramp(record.width, record.height, document.depth)
            mode = "refuse" if record.find_channel(-2) is None else "replace"
            splice_mask(document, out, {node.layer: ArrayAlpha(alpha)}, mode)
            result = PSD.read(io.BytesIO(out.read_bytes()))
            found = plane(result, node.index, -2, record.width, record.height)
            expected = alpha if document.depth < 32 else alpha / np.float32(65535)
            assert np.array_equal(found, expected), node.layer.path
            label = f"layer {node.layer.path}"
            expected_parts = {f"{label} mask", f"{label} mask block", "resource 1057"}
            expected_parts |= {f"{label} real mask"} if record.find_channel(-3) else set()
            left = differences(path, out)
            assert {plain(one.what) for one in left} <= expected_parts, left
            tally.add(mode)


@each_file("psd")
def test_what_cannot_be_opened_says_why(path: Path) -> None:
    try:
        with open_document(path) as document:
            for layer in document.layers:
                if layer.width and layer.height:
                    document.raster(layer).proxy(64)
    except DocumentError as error:
        assert path.name in str(error)
        assert "\n" not in str(error)


def test_enough_was_seen(tally: Tally) -> None:
    tally.require("planes", 1000)
    tally.require("merged planes", 10)
    tally.require("refuse", 100)
    tally.require("replace", 10)
