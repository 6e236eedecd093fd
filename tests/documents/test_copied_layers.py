"""A cutout layer looks as the original where nothing was cut."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from corpus import Tally, each_file
from made_documents import (
    DOCUMENTS,
    HEIGHT,
    WIDTH,
    make,
    psd_block,
    psd_channel,
    psd_document,
    psd_layer,
    ramp,
    vector_mask,
)
from psd_tools import PSDImage
from samples import Samples
from splices import name_copy, splice_layer

from frisket.documents import ArrayAlpha, DocumentError, open_document
from frisket.documents.psd import PsdDocument

BOX = (0, 0, HEIGHT, WIDTH)
FILL_OPACITY = psd_block(b"iOpa", bytes((128, 0, 0, 0)))
COLOUR_TAG = psd_block(b"lclr", struct.pack(">4H", 2, 0, 0, 0))
TEXT = psd_block(b"TySh", bytes(64))
_LARGEST = 90_000


def layered(path: Path, blocks: bytes, flags: int = 0) -> Path:
    channels = [(number, psd_channel(ramp())) for number in range(3)]
    layer = psd_layer("Figure", BOX, channels, blocks=blocks, flags=flags)
    path.write_bytes(psd_document("RGB", bytes(WIDTH * HEIGHT * 3), [layer], channels=3))
    return path


def copy(path: Path, alpha: Samples | None = None) -> Path:
    """Add a cutout of the first layer; nothing is cut unless an alpha says so."""
    with PsdDocument(path) as document:
        layer = document.layers[0]
        depth = "u1" if document.depth == 8 else "u2"
        white = np.full((layer.height, layer.width), np.iinfo(depth).max, depth)
        out = name_copy(document, path.parent)
        splice_layer(document, out, {layer: ArrayAlpha(white if alpha is None else alpha)})
    return out


def compose(path: Path) -> Samples:
    return np.asarray(PSDImage.open(path).composite(ignore_preview=True))


def list_keys(path: Path) -> list[bytes]:
    with PsdDocument(path) as document:
        return [block.key for block in document.nodes[0].record.blocks]


@pytest.mark.parametrize("blocks", [b"", FILL_OPACITY, vector_mask(), vector_mask() + FILL_OPACITY])
def test_a_copy_of_everything_is_composed_alike(tmp_path: Path, blocks: bytes) -> None:
    path = layered(tmp_path / "in.psd", blocks)
    out = copy(path)
    assert np.array_equal(compose(out), compose(path))


def test_what_makes_the_look_goes_along_and_what_contradicts_pixels_does_not(
    tmp_path: Path,
) -> None:
    path = layered(tmp_path / "in.psd", COLOUR_TAG + TEXT + vector_mask() + FILL_OPACITY)
    assert list_keys(copy(path)) == [b"luni", b"lyid", b"lclr", b"vmsk", b"iOpa"]


@pytest.mark.parametrize("flags", [0x00, 0x02, 0x18])
def test_a_copy_is_seen_where_its_original_was(tmp_path: Path, flags: int) -> None:
    path = layered(tmp_path / "in.psd", b"", flags)
    with PsdDocument(copy(path)) as document:
        new, old = document.nodes
    assert (new.record.flags, old.record.flags) == (flags & 0x0A, flags | 0x02)


@pytest.mark.parametrize("name", [one for one in DOCUMENTS if one in (
    "layers-extra.psd", "layers-many.psd", "layers-cmyk.psd", "layers-deep.psd")])  # fmt: skip
def test_channels_beyond_colour_and_mask_go_along(tmp_path: Path, name: str) -> None:
    path = make(name, tmp_path)
    with PsdDocument(path) as document:
        ids = [channel.id for channel in document.nodes[0].record.channels]
        layer = document.layers[0]
        kind = "u1" if document.depth == 8 else "u2"
        cutouts = {layer: ArrayAlpha(np.zeros((HEIGHT, WIDTH), kind))}
        if len(ids) >= 64:
            with pytest.raises(DocumentError, match="most channels"):
                splice_layer(document, tmp_path / "out.psd", cutouts)
            return
        splice_layer(document, tmp_path / "out.psd", cutouts)
    with PsdDocument(tmp_path / "out.psd") as document:
        assert [one.id for one in document.nodes[0].record.channels] == [-1, *ids]


@each_file("psd")
def test_composed_as_before_over_the_corpus(path: Path, tmp_path: Path, tally: Tally) -> None:
    if any(mark in path.name for mark in ("crash-", "oob-write")):
        pytest.skip("built to harm a reader")
    try:
        with open_document(path) as document:
            layers = document.find_layers(all_layers=True)  # text and shapes too
            layer = next((one for one in layers if one.visible), layers[0])
            if max(document.width * document.height, layer.width * layer.height) > _LARGEST:
                pytest.skip("large")
            kind = "u1" if document.depth == 8 else "u2"
            out = name_copy(document, tmp_path)
            white = ArrayAlpha(np.full((layer.height, layer.width), np.iinfo(kind).max, kind))
            splice_layer(document, out, {layer: white})
    except DocumentError:
        pytest.skip("it cannot be opened, or has no layers")
    try:
        before = compose(path)
    except Exception:
        pytest.skip("psd-tools does not compose it")
    after = compose(out)
    assert after.shape == before.shape
    assert np.abs(after.astype(int) - before).max() <= 1
    tally.add("composed alike")


def test_enough_was_composed(tally: Tally) -> None:
    tally.require("composed alike", 250)
