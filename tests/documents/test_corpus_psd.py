"""Every PSD and PSB that psd-tools opens: the same pixels, and masks that harm nothing."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from psd_tools.constants import Tag
from psd_tools.psd import PSD
from splices import name_copy, splice_mask

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.verify import differences

KINDS = {8: "u1", 16: ">u2", 32: ">f4"}
# Files built to harm a reader: no pixels are expected of them.
BROKEN = ("crash-", "oob-write")
_LARGEST = 3_000_000


def oracle(path: Path) -> PSD | None:
    try:
        return PSD.read(io.BytesIO(path.read_bytes()))
    except Exception:
        return None


def layer_info(psd: PSD):
    info = psd.layer_and_mask_information.layer_info
    blocks = psd.layer_and_mask_information.tagged_blocks
    for tag in (Tag.LAYER_16, Tag.LAYER_32):
        if blocks and tag in blocks:
            info = blocks.get_data(tag)
    return info


def plane(psd: PSD, index: int, number: int, width: int, height: int) -> np.ndarray:
    info, header = layer_info(psd), psd.header
    ids = [channel.id for channel in info.layer_records[index].channel_info]
    data = info.channel_image_data[index][ids.index(number)]
    raw = data.get_data(width, height, header.depth, header.version)
    return np.frombuffer(raw, KINDS[header.depth]).reshape(height, width)


def broken(path: Path) -> bool:
    return any(mark in path.name for mark in BROKEN)


def test_layers_have_the_pixels_that_psd_tools_sees(corpus):
    seen = Counter()
    for path in corpus("psd"):
        psd = oracle(path)
        if psd is None or broken(path):
            continue
        with open_document(path) as document:
            if psd.header.depth == 1:
                continue
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
                    assert np.array_equal(
                        expected, pixels[..., place], equal_nan=pixels.dtype.kind == "f"
                    ), (path.name, node.layer.path, number)
                    seen["planes"] += 1
    assert seen["planes"] > 1000


def test_the_merged_image_has_the_pixels_that_psd_tools_sees(corpus):
    seen = 0
    for path in corpus("psd"):
        psd = oracle(path)
        if psd is None or broken(path) or psd.header.depth == 1:
            continue
        with open_document(path) as document:
            if document.nodes:
                continue
            raster = document.raster(document.layers[0])
            pixels = raster.read(Rect(0, 0, raster.width, raster.height))
            planes = psd.image_data.get_data(psd.header)
            for place in range(raster.channels):
                raw = np.frombuffer(planes[place], KINDS[psd.header.depth])
                assert np.array_equal(raw.reshape(raster.height, raster.width), pixels[..., place])
                seen += 1
    assert seen > 10


def test_rectangles_are_parts_of_the_whole(corpus):
    rng = np.random.default_rng(5)
    for path in corpus("psd")[::3]:
        if oracle(path) is None or broken(path):
            continue
        with open_document(path) as document:
            for layer in document.layers[:3]:
                if not layer.width or not layer.height:
                    continue
                raster = document.raster(layer)
                whole = raster.read(Rect(0, 0, raster.width, raster.height))
                for _ in range(4):
                    x0, x1 = sorted(rng.integers(0, raster.width, 2))
                    y0, y1 = sorted(rng.integers(0, raster.height, 2))
                    rect = Rect(int(x0), int(y0), int(x1 - x0) + 1, int(y1 - y0) + 1)
                    part = whole[rect.y : rect.bottom, rect.x : rect.right]
                    assert np.array_equal(raster.read(rect), part, equal_nan=part.dtype.kind == "f")
                bands = list(raster.bands())
                joined = np.concatenate([band for _, band in bands])
                assert np.array_equal(joined, whole, equal_nan=whole.dtype.kind == "f")


def plain(name: str) -> str:
    """A part's name without the number that tells doubled layer names apart."""
    return re.sub(r" \(\d+\)$", "", name)


def ramp(width: int, height: int, depth: int) -> np.ndarray:
    values = np.add.outer(np.arange(height), np.arange(width)).astype("u2") * np.uint16(37)
    return values if depth > 8 else values.astype("u1")


@pytest.mark.slow
def test_masks_go_into_every_layer_and_nothing_else_changes(corpus, tmp_path):
    seen = Counter()
    for path in corpus("psd"):
        psd = oracle(path)
        if psd is None or broken(path) or psd.header.depth == 1:
            continue
        with open_document(path) as document:
            out = name_copy(document, tmp_path)
            for node in document.nodes:
                record = node.record
                if not 0 < record.width * record.height <= _LARGEST:
                    continue
                alpha = ramp(record.width, record.height, document.depth)
                had = record.find_channel(-2) is not None
                mode = "replace" if had else "refuse"
                splice_mask(document, out, {node.layer: ArrayAlpha(alpha)}, mode)
                result = PSD.read(io.BytesIO(out.read_bytes()))
                found = plane(result, node.index, -2, record.width, record.height)
                expected = alpha if document.depth < 32 else alpha / np.float32(65535)
                assert np.array_equal(found, expected), (path.name, node.layer.path)
                label = f"layer {node.layer.path}"
                expected_parts = {f"{label} mask", f"{label} mask block", "resource 1057"}
                left = differences(path, out)
                assert {plain(one.what) for one in left} <= expected_parts, (path.name, left)
                seen[mode] += 1
    assert seen["refuse"] > 100
    assert seen["replace"] > 10


def test_what_cannot_be_opened_says_why(corpus):
    for path in corpus("psd"):
        try:
            with open_document(path) as document:
                for layer in document.layers:
                    if layer.width and layer.height:
                        document.raster(layer).proxy(64)
        except DocumentError as error:
            assert path.name in str(error)
            assert "\n" not in str(error)
