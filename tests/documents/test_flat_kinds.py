"""Kinds of flat files that people have: JPEG XL, HEIC, GIF."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from samples import Samples

from frisket.documents import DocumentError, Rect, UnsupportedDocument, open_document


def picture(channels: int, dtype: str = "u1") -> Samples:
    y, x = np.mgrid[0:38, 0:53]
    planes = [(x * (i + 2) + y * 3) % 251 for i in range(channels)]
    values = np.stack(planes, -1).astype(dtype)
    return values / np.float32(255) if dtype == "f4" else values * (257 if dtype == "u2" else 1)


def read(path: Path) -> tuple[Samples, str, int, bool]:
    with open_document(path) as document:
        layer = document.find_layer(None)
        raster = document.raster(layer)
        assert raster.form == document.describe_pixels(layer)
        values = raster.read(Rect(0, 0, layer.width, layer.height))
        return values, layer.mode, layer.depth, layer.has_alpha


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_jpeg_xl_is_read_as_it_is(channels: int, dtype: str, tmp_path: Path) -> None:
    values = picture(channels, dtype)
    data = imagecodecs.jpegxl_encode(values if channels > 1 else values[..., 0], lossless=True)
    (tmp_path / "in.jxl").write_bytes(data)
    found, mode, depth, alpha = read(tmp_path / "in.jxl")
    assert (mode, alpha) == ("GRAY" if channels < 3 else "RGB", channels in (2, 4))
    assert depth == 8 * np.dtype(dtype).itemsize
    assert np.array_equal(found, values)


def test_the_first_frame_of_a_jpeg_xl_is_taken_and_that_is_said(tmp_path: Path) -> None:
    frames = np.stack([picture(4), 255 - picture(4)])
    (tmp_path / "in.jxl").write_bytes(imagecodecs.jpegxl_encode(frames, lossless=True))
    assert np.array_equal(read(tmp_path / "in.jxl")[0], frames[0])
    with open_document(tmp_path / "in.jxl") as document:
        lost = document.tell_beside(document.layers[0]).lost
    assert "the frames after the first" in lost


def test_a_jpeg_xl_that_is_damaged_is_refused(tmp_path: Path) -> None:
    data = imagecodecs.jpegxl_encode(picture(3), lossless=True)
    path = tmp_path / "in.jxl"
    for length in range(2, len(data) - 1, max(1, len(data) // 80)):
        path.write_bytes(data[:length])
        with pytest.raises(DocumentError) as caught:
            open_document(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(b"\xff\x0a" + b"\xff" * 40)  # sides of a thousand million
    with pytest.raises(DocumentError):
        open_document(path)


def test_heic_is_read_upright_with_its_notes(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
    image = Image.fromarray(picture(3))
    told = Image.Exif()
    told[0x0112], told[0x013B] = 6, "A. Painter"
    heif.from_pillow(image).save(tmp_path / "in.heic", quality=-1, chroma=444, exif=told.tobytes())
    found, mode, depth, alpha = read(tmp_path / "in.heic")
    assert (mode, depth, alpha) == ("RGB", 8, False)
    upright = np.rot90(picture(3), -1).astype(int)
    assert found.shape == upright.shape and np.abs(found - upright).max() <= 4  # by YCbCr
    with open_document(tmp_path / "in.heic") as document:
        description = document.tell_beside(document.layers[0]).description
    assert any(tag.code == 0x013B for tag in description.main)


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("mode", ["RGB;16", "RGBA;16"])
def test_heic_keeps_its_bits(mode: str, bits: int, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
    values = (picture(len(mode) - 3, "u2") >> (16 - bits)) << (16 - bits)
    image = heif.from_bytes(mode, (53, 38), values.tobytes())
    heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    try:
        image.save(tmp_path / "in.heic", format="HEIF", quality=-1, chroma=444)
    finally:
        heif.options.SAVE_HDR_TO_12_BIT = False
    found, colours, depth, alpha = read(tmp_path / "in.heic")
    assert (colours, depth, alpha) == ("RGB", 16, mode == "RGBA;16")
    assert np.abs(found.astype(int) - (values >> (16 - bits))).max() <= 4  # by YCbCr


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "in.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))
    with pytest.raises(UnsupportedDocument, match=r'pip install "\.\[heif\]"'):
        open_document(tmp_path / "in.heic")


def test_a_gif_keeps_its_clear_colour(tmp_path: Path) -> None:
    image = Image.new("P", (20, 10), 1)
    image.putpalette([0, 0, 0, 200, 90, 10, 0, 0, 0])
    image.paste(2, (0, 0, 10, 10))
    image.save(tmp_path / "in.gif", transparency=2)
    found, mode, depth, alpha = read(tmp_path / "in.gif")
    assert (mode, depth, alpha) == ("RGB", 8, True)
    assert tuple(found[5, 15]) == (200, 90, 10, 255) and found[5, 5, 3] == 0


HELD = """
import subprocess
import sys
import psutil
from frisket.documents import open_document
from PIL import Image
Image.new("RGB", (8, 8)).save(sys.argv[1] + ".small.jpg")
with open_document(sys.argv[1] + ".small.jpg") as warm:
    warm.raster()
before = psutil.Process().memory_info().rss
with open_document(sys.argv[1]) as document:
    raster = document.raster()
    print((psutil.Process().memory_info().rss - before) / (raster.width * raster.height))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give memory back when they want")
def test_a_decoded_picture_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "in.jpg"
    Image.new("RGB", (4000, 3000), (90, 120, 200)).save(path)
    done = subprocess.run(
        [sys.executable, "-c", HELD, path], check=True, capture_output=True, text=True, timeout=60
    )
    assert float(done.stdout) < 4.5, "three bytes a pixel, where Pillow has four more"
