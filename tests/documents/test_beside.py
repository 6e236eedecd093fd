"""What a file says beside its pixels goes along into what is written, or is named as left out."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from frisket.documents import ArrayAlpha, LayerResult, ResultOptions, open_document
from frisket.documents.encode.beside import Beside
from frisket.jobs.deliver import DELIVERIES

SIZE = 60, 40
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6">held</r></x:xmpmeta>'
XMP_UPRIGHT = XMP.replace(b'"6"', b'"1"')
IPTC = b"\x1c\x02\x74\x00\x07Someone"
OUTPUTS = ("tif", "png", "webp")


@cache
def icc(space: str) -> bytes:
    """A sRGB profile, and one that says it is for grey."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data[:16] + space.encode().ljust(4) + data[20:]


def exif(orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[0x0112], found[0x013B], found[0x8298] = orientation, "A. Painter", "2024 Someone"
    found[0x011A], found[0x011B], found[0x0128] = 300.0, 150.0, 2
    found.get_ifd(0x8769)[0x9003] = "2024:01:02 03:04:05"
    found.get_ifd(0x8769)[0x829A] = TiffImagePlugin.IFDRational(1, 250)
    found.get_ifd(0x8825)[0x0001] = "N"
    return found


def photograph(path: Path, orientation: int = 1, **options: object) -> Path:
    image = Image.fromarray(np.full((SIZE[1], SIZE[0], 3), 90, "u1"))
    if path.suffix == ".png":
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = notes
    image.save(path, exif=exif(orientation), xmp=XMP, icc_profile=icc("RGB"), **options)
    if path.suffix == ".jpg":
        data = path.read_bytes()
        block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0" * (len(IPTC) % 2)
        body = b"Photoshop 3.0\0" + block
        path.write_bytes(
            data[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + data[2:]
        )
    return path


def write(path: Path, out: Path, kind: str) -> str:
    """Write a result as the command line does; return what it says is left out."""
    row = DELIVERIES[kind]
    with open_document(path) as document:
        layer = document.find_layer(None)
        options = ResultOptions()
        row.check(document, out, [layer], options)
        alpha = ArrayAlpha(np.full((layer.height, layer.width), 200, "u1"))
        row.write(document, out, [LayerResult(layer, alpha)], options)
        return row.tell_lost(document, out, [layer])


@pytest.mark.parametrize("kind", ["matte", "cutout"])
@pytest.mark.parametrize("suffix", OUTPUTS)
def test_a_photographs_notes_go_along(suffix: str, kind: str, tmp_path: Path) -> None:
    if (kind, suffix) == ("matte", "webp"):
        pytest.skip("a matte is not written as WebP")
    out = tmp_path / f"out.{suffix}"
    said = write(photograph(tmp_path / "in.jpg", 6), out, kind)
    image = Image.open(out)
    assert image.size == SIZE[::-1]
    found = image.getexif()
    assert found[0x013B] == "A. Painter"
    assert found[0x8298] == "2024 Someone"
    assert found.get(0x0112, 1) == 1  # its pixels are upright
    photo = found.get_ifd(0x8769)
    assert photo[0x9003] == "2024:01:02 03:04:05" and float(photo[0x829A]) == 1 / 250
    assert found.get_ifd(0x8825)[1] == "N"
    assert XMP_UPRIGHT.strip() in (image.info.get("xmp") or found.get(700))
    shown = image.info.get("dpi") or (found[0x011A], found[0x011B])
    assert tuple(round(float(one)) for one in shown) == (150, 300)  # turned with the picture
    assert ("its IPTC record" in said) == (suffix != "tif")
    if suffix == "tif":
        assert bytes(tifffile.TiffFile(out).pages[0].tags[33723].value) == IPTC
    assert image.info.get("icc_profile") == (icc("RGB") if kind == "cutout" else None)


@pytest.mark.parametrize("source", ["tif", "psd", "png", "webp", "jpg"])
def test_every_reader_finds_them(source: str, tmp_path: Path) -> None:
    path = tmp_path / f"in.{source}"
    if source == "psd":
        _write_psd(path)
    elif source == "tif":
        write(photograph(tmp_path / "first.jpg"), path, "cutout")
    else:
        photograph(path)
    out = tmp_path / "out.png"
    write(path, out, "cutout")
    image = Image.open(out)
    assert image.getexif()[0x013B] == "A. Painter"
    assert image.getexif().get_ifd(0x8769)[0x9003] == "2024:01:02 03:04:05"
    assert [round(one) for one in image.info["dpi"]] == [300, 150]
    assert image.info["xmp"] == XMP_UPRIGHT


def _write_psd(path: Path) -> None:
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", SIZE)
    out = io.BytesIO()
    document.save(out)
    data = out.getvalue()
    resolution = struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1)
    added = b""
    for number, body in ((1005, resolution), (1028, IPTC), (1058, exif().tobytes()), (1060, XMP)):
        body = body.removeprefix(b"Exif\0\0")
        added += (
            b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)
        )
    at = 26 + 4 + struct.unpack_from(">I", data, 26)[0]
    old = struct.unpack_from(">I", data, at)[0]
    path.write_bytes(data[:at] + struct.pack(">I", len(added)) + added + data[at + 4 + old :])


@pytest.mark.parametrize("suffix", OUTPUTS)
def test_a_profile_for_other_colours_stays_behind_and_is_named(suffix: str, tmp_path: Path) -> None:
    path, out = tmp_path / "in.jpg", tmp_path / f"out.{suffix}"
    Image.fromarray(np.full((40, 60), 90, "u1")).save(path, icc_profile=icc("RGB"))
    said = write(path, out, "cutout")
    kept = Image.open(out).info.get("icc_profile")
    if suffix == "webp":  # which has no grey: its pixels are RGB
        assert kept == icc("RGB")
    else:
        assert kept is None and "colour profile" in said


def test_gamma_and_texts_go_from_png_to_png(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Copyright", "Someone")
    notes.add(b"gAMA", struct.pack(">I", 100000))
    Image.fromarray(np.full((40, 60, 3), 90, "u1")).save(path, pnginfo=notes, dpi=(72, 72))
    assert write(path, tmp_path / "out.png", "cutout") == ""
    info = Image.open(tmp_path / "out.png").info
    assert info["gamma"] == 1.0 and info["Copyright"] == "Someone"
    assert round(info["dpi"][0]) == 72
    said = write(path, tmp_path / "out.tif", "cutout")
    assert said == "out.tif is written without its notes, its gamma."
    write(path, tmp_path / "m.png", "matte")
    assert "gamma" not in Image.open(tmp_path / "m.png").info  # an alpha has none


def test_frames_and_inks_that_stay_behind_are_named(tmp_path: Path) -> None:
    frames = [Image.new("RGB", SIZE, (shade, 0, 0)) for shade in (10, 90, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    said = write(tmp_path / "a.gif", tmp_path / "a.png", "cutout")
    assert said == "a.png is written without the 2 frames after the first."
    inks = np.full((40, 60, 5), 90, "u1")
    tifffile.imwrite(
        tmp_path / "s.tif", inks, photometric="separated", extrasamples=["unspecified"]
    )
    said = write(tmp_path / "s.tif", tmp_path / "o.tif", "cutout")
    assert "its channel beyond CMYK" in said and "spot ink" in said


@pytest.mark.parametrize("damage", range(8, 400, 7))
def test_damaged_exif_costs_only_itself(damage: int, tmp_path: Path) -> None:
    block = exif().tobytes()
    path = tmp_path / "in.png"
    image = Image.fromarray(np.full((40, 60, 3), 90, "u1"))
    image.save(path, exif=block[:damage] + b"\xff" * 12 + block[damage + 12 :])
    write(path, tmp_path / "out.tif", "cutout")
    assert Image.open(tmp_path / "out.tif").size == SIZE


@given(st.floats(1 / 16, (1 << 20) - 1))
def test_every_resolution_is_a_fraction_of_32_bits(dots: float) -> None:
    beside = Beside(resolution=(dots, 546236.56))
    (over, under), _ = (tag.values for tag in beside.list_tags() if tag.code in (282, 283))
    assert max(over, under) < 1 << 32 and beside.pack_exif(resolution=True)
    assert over / under == pytest.approx(dots, rel=1e-4, abs=1e-4)
