"""JPEG XL: what its header says of colours, and the notes in its container."""

from __future__ import annotations

import struct
from pathlib import Path

import imagecodecs
import jxl_headers
import numpy as np
import pytest
from PIL import Image
from samples import Samples

from frisket.documents import ArrayAlpha, LayerResult, Rect, ResultOptions, open_document
from frisket.jobs.deliver import DELIVERIES

P3_TO_709 = np.array(
    [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
)  # CSS Color 4
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">held</x:xmpmeta>'


def values() -> Samples:
    out = np.zeros((38, 53, 3), "u2")
    out[:, :26], out[:, 26:] = (20000, 20000, 20000), (18000, 36000, 18000)
    return out


def linear(shares: Samples) -> Samples:
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def srgb(light: Samples) -> Samples:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("case", ["sRGB", "linear", "P3", "custom P3", "gamma"])
def test_colours_are_seen_as_the_header_says(case: str, tmp_path: Path) -> None:
    shares = values() / 65535
    made: dict[str, tuple[int, int, dict[str, object], Samples]] = {
        "sRGB": (1, jxl_headers.SRGB, {}, shares),
        "linear": (1, jxl_headers.LINEAR, {}, srgb(shares)),
        "P3": (jxl_headers.P3, jxl_headers.SRGB, {}, srgb(linear(shares) @ P3_TO_709.T)),
        "custom P3": (
            jxl_headers.CUSTOM, jxl_headers.SRGB,
            {"places": (680000, 320000, 265000, 690000, 150000, 60000)},
            srgb(linear(shares) @ P3_TO_709.T),
        ),
        "gamma": (1, 0, {"gamma": 5555556}, srgb(shares**1.8)),
    }  # fmt: skip
    primaries, transfer, more, wanted = made[case]
    path = tmp_path / "in.jxl"
    path.write_bytes(jxl_headers.encode(values(), primaries, transfer, **more))
    with open_document(path) as document:
        layer = document.layers[0]
        raster = document.raster(layer)
        assert np.array_equal(raster.read(Rect(0, 0, 53, 38)), values())
        assert np.abs(raster.proxy() / 255 - wanted).max() < 1.5 / 255


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def container(codestream: bytes, *boxes: bytes) -> bytes:
    head = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return head + b"".join(boxes) + box(b"jxlc", codestream)


def exif() -> bytes:
    found = Image.Exif()
    found[0x0112], found[0x013B] = 6, "A. Painter"
    found[0x011A], found[0x011B], found[0x0128] = 300.0, 150.0, 2
    return found.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("packed", [False, True])
def test_notes_go_along(packed: bool, tmp_path: Path) -> None:
    notes = [(b"Exif", bytes(4) + exif()), (b"xml ", XMP)]
    boxes = [
        box(b"brob", name + imagecodecs.brotli_encode(content)) if packed else box(name, content)
        for name, content in notes
    ]
    path, out = tmp_path / "in.jxl", tmp_path / "out.png"
    path.write_bytes(container(jxl_headers.encode(values(), 1, jxl_headers.PQ), *boxes))
    assert cut(path, out) == ""
    image = Image.open(out)
    assert image.getexif()[0x013B] == "A. Painter" and image.info["xmp"] == XMP
    assert [round(one) for one in image.info["dpi"]] == [300, 150]
    assert b"cICP" + bytes((1, 16, 0, 1)) in out.read_bytes()
    assert image.size == (53, 38)  # the codestream's orientation counts, not that of EXIF


@pytest.mark.parametrize("damage", range(0, 60, 4))
def test_damaged_notes_cost_only_themselves(damage: int, tmp_path: Path) -> None:
    packed = bytearray(b"xml " + imagecodecs.brotli_encode(XMP))
    packed[4 + damage % (len(packed) - 4)] ^= 0xFF
    path = tmp_path / "in.jxl"
    path.write_bytes(container(jxl_headers.encode(values(), 1, 13), box(b"brob", bytes(packed))))
    cut(path, tmp_path / "out.png")
    assert Image.open(tmp_path / "out.png").size == (53, 38)


def cut(path: Path, out: Path) -> str:
    row = DELIVERIES["cutout"]
    with open_document(path) as document:
        layer = document.layers[0]
        alpha = ArrayAlpha(np.full((layer.height, layer.width), 65535, "u2"))
        row.check(document, out, [layer], ResultOptions())
        row.write(document, out, [LayerResult(layer, alpha)], ResultOptions())
        return row.tell_lost(document, out, [layer])
