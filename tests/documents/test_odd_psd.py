"""Documents that Photoshop can write and few programs read, made here byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_documents import HEIGHT, WIDTH, psd_block, psd_channel, psd_document, psd_layer, ramp
from psd_tools.psd import PSD
from samples import Samples
from splices import splice_layer, splice_mask, splice_selection

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.verify import differences


def planes_of(path: Path) -> tuple[PSD, Any]:
    with path.open("rb") as file:
        psd = PSD.read(file)
    return psd, psd.image_data.get_data(psd.header)


@pytest.mark.parametrize(
    ("mode", "channels", "depth"),
    [("DUOTONE", 1, 8), ("LAB", 3, 16), ("LAB", 3, 8), ("CMYK", 4, 16), ("GRAY", 1, 16)],
)
def test_a_selection_goes_into_it(mode: str, channels: int, depth: int, tmp_path: Path) -> None:
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    merged = b"".join(psd_channel(ramp(depth=depth) // (n + 1), depth)[2:] for n in range(channels))
    colours = b"\1" * 40 if mode == "DUOTONE" else b""
    path.write_bytes(psd_document(mode, merged, depth=depth, colours=colours, channels=channels))
    with open_document(path) as opened:
        (whole,) = opened.layers
        assert opened.raster(whole).proxy(16).shape[1] == 16
        splice_selection(opened, out, whole, ArrayAlpha(ramp(depth=depth)))
    psd, planes = planes_of(out)
    assert b"".join(map(bytes, planes[:-1])) == merged
    kind = ">u2" if depth == 16 else "u1"
    assert np.array_equal(np.frombuffer(planes[-1], kind).reshape(HEIGHT, WIDTH), ramp(depth=depth))
    assert psd.header.channels == channels + 1
    names = {f"resource {number}" for number in (1006, 1045, 1053, 1077)}
    assert {one.what for one in differences(path, out)} == {"header", "merged image", *names}


@pytest.mark.parametrize(("mode", "depth"), [("BITMAP", 1), ("MULTICHANNEL", 8)])
def test_modes_without_room_for_a_selection_say_so(mode: str, depth: int, tmp_path: Path) -> None:
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    size = HEIGHT * ((WIDTH + 7) // 8) if depth == 1 else HEIGHT * WIDTH * 2
    path.write_bytes(
        psd_document(mode, b"\x55" * size, depth=depth, channels=1 if depth == 1 else 2)
    )
    with open_document(path) as opened:
        (whole,) = opened.layers
        assert opened.raster(whole).read_srgb(Rect(0, 0, 4, 4)).shape[:2] == (4, 4)
        with pytest.raises(DocumentError, match=f"a {mode.lower()} document cannot hold"):
            splice_selection(opened, out, whole, ArrayAlpha(ramp()))
    assert not out.exists()


def mask_of(path: Path, index: int) -> Samples:
    with path.open("rb") as file:
        psd = PSD.read(file)
    section = psd.layer_and_mask_information
    info = section.layer_info
    if section.tagged_blocks and b"Lr16" in [key.value for key in section.tagged_blocks]:
        info = next(section.tagged_blocks.get_data(key) for key in section.tagged_blocks)
    record = info.layer_records[index]
    ids = [one.id for one in record.channel_info]
    width, height = record.width, record.height
    data = info.channel_image_data[index][ids.index(-2)]
    raw = data.get_data(width, height, psd.header.depth, psd.header.version)
    kind = ">u2" if psd.header.depth == 16 else "u1"
    return np.frombuffer(raw, kind).reshape(height, width)


@pytest.mark.parametrize("box", [(-15, -20, 3, 4), (5, 10, 40, 60), (100, 100, 110, 120)])
def test_layers_outside_the_canvas_take_masks_and_copies(
    box: tuple[int, int, int, int], tmp_path: Path
) -> None:
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    height, width = box[2] - box[0], box[3] - box[1]
    pixels = [(n, psd_channel(ramp(height, width) // (n + 1))) for n in range(3)]
    layers = [psd_layer("Out", box, pixels)]
    path.write_bytes(psd_document("RGB", bytes(3 * HEIGHT * WIDTH), layers, channels=3))
    alpha = 255 - ramp(height, width)
    with open_document(path) as opened:
        out_layer = opened.find_layer("Out")
        assert (out_layer.x, out_layer.y) == (box[1], box[0])
        splice_mask(opened, out, {out_layer: ArrayAlpha(alpha)})
        assert np.array_equal(mask_of(out, 0), alpha)
        splice_selection(opened, out, out_layer, ArrayAlpha(alpha))
        _, planes = planes_of(out)
        expected = np.zeros((HEIGHT, WIDTH), "u1")
        y, x = max(0, box[0]), max(0, box[1])
        bottom, right = min(HEIGHT, box[2]), min(WIDTH, box[3])
        if y < bottom and x < right:
            expected[y:bottom, x:right] = alpha[
                y - box[0] : bottom - box[0], x - box[1] : right - box[1]
            ]
        assert np.array_equal(np.frombuffer(planes[-1], "u1").reshape(HEIGHT, WIDTH), expected)
        splice_layer(opened, out, {out_layer: ArrayAlpha(alpha)})
    with open_document(out) as result:
        copy = result.find_layer("Out cutout")
        assert np.array_equal(result.raster(copy).read(Rect(0, 0, width, height))[..., 3], alpha)


def test_groups_with_masks_and_sixteen_bit_lab_layers(tmp_path: Path) -> None:
    """A group's mask is kept while a layer inside it gets one."""
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    box = (2, 3, 12, 23)
    rectangle = struct.pack(">4i2B", 0, 0, HEIGHT, WIDTH, 0, 0) + bytes(2)
    empty = [(number, b"\0\0") for number in (-1, 0, 1, 2)]
    group = [*empty, (-2, psd_channel(ramp(depth=16), 16))]
    pixels = [(n, psd_channel(ramp(10, 20, 16) // (n + 1), 16)) for n in range(3)]
    layers = [
        psd_layer(
            "</Layer group>", (0,) * 4, empty, blocks=psd_block(b"lsct", struct.pack(">I", 3))
        ),
        psd_layer("Inner", box, pixels),
        psd_layer("Group", (0,) * 4, group, rectangle, psd_block(b"lsct", struct.pack(">I", 1))),
    ]
    merged = bytes(2 * 3 * HEIGHT * WIDTH)
    path.write_bytes(psd_document("LAB", merged, layers, depth=16, channels=3))
    alpha = ramp(10, 20, 16)
    with open_document(path) as opened:
        assert [(one.path, one.has_mask) for one in opened.layers] == [
            ("Group", True), ("Group/Inner", False)
        ]  # fmt: skip
        inner = opened.find_layer("Group/Inner")
        found = opened.raster(inner).read(Rect(0, 0, 20, 10))
        assert np.array_equal(found[..., 0], alpha)
        splice_mask(opened, out, {inner: ArrayAlpha(alpha)})
    assert np.array_equal(mask_of(out, 1), alpha)
    assert {one.what for one in differences(path, out)} == {
        "layer Group/Inner mask", "layer Group/Inner mask block"
    }  # fmt: skip


def test_a_vector_mask_and_a_user_mask_stay_beside_the_new_one(tmp_path: Path) -> None:
    """With both, -2 is what is shown and -3 the user's own; the path is a block."""
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    box = (0, 0, HEIGHT, WIDTH)
    rectangle = struct.pack(">4i2B", *box, 0, 8) + struct.pack(">2B4i", 0, 255, *box)
    pixels = [(n, psd_channel(ramp() // (n + 1))) for n in range(3)]
    pixels += [(-2, psd_channel(ramp())), (-3, psd_channel(255 - ramp()))]
    path_block = psd_block(b"vmsk", struct.pack(">II", 3, 0) + bytes(26))
    layers = [psd_layer("Both", box, pixels, rectangle, path_block)]
    path.write_bytes(psd_document("RGB", bytes(3 * HEIGHT * WIDTH), layers, channels=3))
    with open_document(path) as opened:
        both = opened.find_layer("Both")
        with pytest.raises(DocumentError, match="already has a mask"):
            splice_mask(opened, out, {both: ArrayAlpha(ramp())})
        splice_mask(opened, out, {both: ArrayAlpha(ramp() // 2)}, "replace")
    assert np.array_equal(mask_of(out, 0), ramp() // 2)
    left = {one.what for one in differences(path, out)}
    assert left <= {"layer Both mask", "layer Both real mask", "layer Both mask block"}
