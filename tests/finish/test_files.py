"""The files that a finish writes, read by others: formats, sizes, profiles, metadata."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from frisket.documents import OutputError
from frisket.finish import finish
from frisket.finish.errors import BadFinish
from frisket.finish.options import read_step
from frisket.finish.scene import Facts, Scene

from .conftest import BOX, HEIGHT, WIDTH, Made, make_alpha, make_colours, read, write_tiff

EXIF, GPS, SERIAL, ARTIST = 34665, 34853, 42033, 315
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://'
    b'ns.adobe.com/exif/1.0/aux/" xmlns:dc="http://purl.org/dc/elements/1.1/" exif:GPSLatitude='
    b'"52,31N" aux:SerialNumber="12345" dc:source="a studio" xmlns:drone-dji="http://www.dji.com/'
    b'drone-dji/1.0/" drone-dji:GpsLongitude="13.405" drone-dji:DroneSerialNumber="12345">'
    b"<drone-dji:GpsAltitude>12345</drone-dji:GpsAltitude></rdf:Description></rdf:RDF>"
    b"</x:xmpmeta>"
)


def profile(name: str) -> bytes:
    """A profile of libvips's own: "cmyk" or "p3"."""
    import pyvips

    return bytes(pyvips.Operation.call("profile_load", name))


def p3_tiff(folder: Path) -> Path:
    return write_tiff(folder / "p3.tif", make_colours(), extratags=[
        (34675, "B", len(profile("p3")), profile("p3"), True)
    ])  # fmt: skip


def cmyk_tiff(folder: Path, icc: bytes | None) -> Path:
    tags = [(34675, "B", len(icc), icc, True)] if icc else []
    return write_tiff(folder / "inks.tif", make_colours(channels=4), extratags=tags)


@pytest.fixture
def portrait(tmp_path: Path, made: Made) -> Path:
    """A JPEG with a place, a serial number, an artist and XMP."""
    exif = Image.Exif()
    exif[ARTIST] = "A. Painter"
    exif.get_ifd(EXIF)[SERIAL] = "12345"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 0.0)})
    path = tmp_path / "portrait.jpg"
    Image.fromarray(made.colours).save(path, exif=exif, xmp=XMP, dpi=(240, 240), quality=95)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_every_format_opens_elsewhere(tmp_path: Path, made: Made, suffix: str) -> None:
    smooth = write_tiff(tmp_path / "smooth.tif", np.full((HEIGHT, WIDTH, 3), (200, 90, 40), "u1"))
    out = tmp_path / f"out{suffix}"
    finish(smooth, out, made.matte, background="#3060c0", dpi=300)
    picture = Image.open(out)
    assert picture.size == (WIDTH, HEIGHT)
    values = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(values[150, 120] - (200, 90, 40)).max() <= 6
    assert np.abs(values[10, 10] - (0x30, 0x60, 0xC0)).max() <= 6
    if suffix not in (".webp", ".avif"):
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.5)


def test_transparency_and_depth(tmp_path: Path, made: Made) -> None:
    for suffix in (".png", ".webp", ".avif", ".tif"):
        finish(made.picture, tmp_path / f"out{suffix}", made.matte)
        alpha = np.asarray(Image.open(tmp_path / f"out{suffix}"))[..., 3].astype(int)
        assert np.abs(alpha - made.alpha).max() <= (0 if suffix in (".png", ".tif") else 40)
    deep = write_tiff(tmp_path / "deep.tif", make_colours(16))
    finish(deep, tmp_path / "deep.png", made.matte, background="white")
    data = (tmp_path / "deep.png").read_bytes()
    assert data[24] == 16
    finish(deep, tmp_path / "eight.jpg", made.matte, background="white", bits=8)
    assert Image.open(tmp_path / "eight.jpg").mode == "RGB"


def test_ten_bits(tmp_path: Path, made: Made) -> None:
    deep, out = write_tiff(tmp_path / "deep.tif", make_colours(16)), tmp_path / "ten.avif"
    try:
        finish(deep, out, made.matte, background="white", bits=10)
    except OutputError as error:  # of an older libvips
        assert "writes no .avif of 10 bits; upgrade" in str(error)
        return
    av1 = out.read_bytes()
    assert av1[av1.index(b"av1C") + 6] & 0x40  # high_bitdepth of AV1CodecConfigurationRecord


def test_several_at_once_within_so_many_bytes(tmp_path: Path, made: Made) -> None:
    out = tmp_path / "out.jpg"
    done = finish(
        made.picture, out, made.matte, background="white", also=["webp", "avif"], max_bytes="24k"
    )
    assert [path.suffix for path in done.outputs] == [".jpg", ".webp", ".avif"]
    sizes = [path.stat().st_size for path in done.outputs]
    assert all(10_000 < size <= 24_000 for size in sizes), sizes
    with pytest.raises(OutputError, match="even at quality 20"):
        finish(made.picture, tmp_path / "b.jpg", made.matte, background="white", max_bytes=1000)
    with pytest.raises(OutputError, match=r"write \.jpg, \.webp or \.avif"):
        finish(made.picture, tmp_path / "b.png", made.matte, max_bytes=1000)
    assert not list(tmp_path.glob("b.*")) and not list(tmp_path.glob(".b*"))


def test_more_formats_never_replace_a_file_unasked(tmp_path: Path, made: Made) -> None:
    (tmp_path / "out.webp").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        finish(made.picture, tmp_path / "out.png", made.matte, also="webp")
    assert (tmp_path / "out.webp").read_bytes() == b"mine"
    assert not (tmp_path / "out.png").exists()
    finish(made.picture, tmp_path / "out.png", made.matte, also="webp", overwrite=True)
    assert (tmp_path / "out.webp").read_bytes()[:4] == b"RIFF"


def test_what_is_read_is_never_written_over(tmp_path: Path, made: Made) -> None:
    behind = tmp_path / "behind.png"
    Image.new("RGB", (WIDTH, HEIGHT), "navy").save(behind)
    kept = {path: path.read_bytes() for path in (made.picture, made.matte, behind)}
    for path, what in zip(kept, ("picture itself", "matte", "background"), strict=True):
        for output, also in ((path, ""), (path.with_suffix(".jpg"), path.suffix[1:])):
            with pytest.raises(OutputError, match=f"is the {what}, which a finish never"):
                finish(
                    made.picture, output, made.matte, background=str(behind), overwrite=True,
                    **({"also": also} if also else {}),
                )  # fmt: skip
    assert {path: path.read_bytes() for path in kept} == kept


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_metadata_is_kept_private_or_dropped(
    tmp_path: Path, made: Made, portrait: Path, suffix: str
) -> None:
    def told(**options: object) -> tuple[Image.Exif, bytes]:
        out = tmp_path / f"out{suffix}"
        finish(portrait, out, made.matte, background="white", **options)
        picture = Image.open(out)
        return picture.getexif(), out.read_bytes()

    exif, data = told()
    assert exif[ARTIST] == "A. Painter"
    assert exif.get_ifd(GPS) and exif.get_ifd(EXIF)[SERIAL] == "12345"
    assert b"GPSLatitude" in data and b"dc:source" in data
    exif, data = told(private=True)
    assert exif[ARTIST] == "A. Painter"
    assert not exif.get_ifd(GPS) and SERIAL not in exif.get_ifd(EXIF)
    assert b"GpsLongitude" not in data
    assert b"GPSLatitude" not in data and b"12345" not in data and b"dc:source" in data
    exif, data = told(metadata="none")
    assert ARTIST not in exif and b"xmpmeta" not in data


def test_profiles_are_kept_or_converted(tmp_path: Path, made: Made) -> None:
    p3 = p3_tiff(tmp_path)
    finish(p3, tmp_path / "kept.jpg", made.matte, background="white")
    assert Image.open(tmp_path / "kept.jpg").info["icc_profile"] == profile("p3")
    finish(p3, tmp_path / "srgb.png", made.matte, background="white", icc="srgb")
    out = Image.open(tmp_path / "srgb.png")
    assert "icc_profile" not in out.info
    expected = ImageCms.profileToProfile(
        Image.fromarray(made.colours), _load(profile("p3")), ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    full = made.alpha == 255
    assert np.abs(np.asarray(out).astype(int) - np.asarray(expected))[full].max() <= 3
    finish(p3, tmp_path / "blue.png", made.matte, background="blue")
    blue = np.asarray(Image.open(tmp_path / "blue.png"))[0, 0]
    there = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), "blue"), ImageCms.createProfile("sRGB"), _load(profile("p3")),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    assert np.abs(blue.astype(int) - there.getpixel((0, 0))).max() <= 2


def _load(icc: bytes) -> ImageCms.ImageCmsProfile:
    import io

    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def test_inks_and_light_meet(tmp_path: Path, made: Made) -> None:
    inks = cmyk_tiff(tmp_path, profile("cmyk"))
    backdrop = tmp_path / "red.png"
    Image.new("RGB", (50, 50), (200, 30, 30)).save(backdrop)
    finish(inks, tmp_path / "out.tif", made.matte, background=str(backdrop))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        page = file.pages[0]
        assert page.photometric == tifffile.PHOTOMETRIC.SEPARATED
        cyan, magenta, yellow, _ = page.asarray()[5, 5].astype(int)
    assert magenta > cyan + 60 and yellow > cyan + 60
    # The other way round: a CMYK picture behind an RGB subject.
    flat = write_tiff(
        tmp_path / "flat.tif", np.full((60, 60, 4), (0, 200, 200, 0), "u1"),
        extratags=[(34675, "B", len(profile("cmyk")), profile("cmyk"), True)],
    )  # fmt: skip
    finish(made.picture, tmp_path / "rgb.png", made.matte, background=str(flat))
    red, green, blue = read(tmp_path / "rgb.png")[5, 5].astype(int)
    assert red > green + 80 and red > blue + 80
    finish(inks, tmp_path / "cmyk.jpg", made.matte, background="white", shadow="drop")
    again = Image.open(tmp_path / "cmyk.jpg")
    assert again.mode == "CMYK" and again.info["icc_profile"] == profile("cmyk")
    assert max(again.getpixel((2, 2))) <= 3


def test_inks_without_a_profile(tmp_path: Path, made: Made) -> None:
    inks = cmyk_tiff(tmp_path, None)
    finish(inks, tmp_path / "out.tif", made.matte, background="white", shadow="drop")
    assert (read(tmp_path / "out.tif")[:5, :5] == 0).all()
    for options in (
        {"background": "red"}, {"background": "white", "icc": "srgb"},
        {"background": "white", "harmonise": "50%"}, {"background": "original:saturation=0"},
        {"background": "white", "correct": "spill"},
    ):  # fmt: skip
        with pytest.raises(BadFinish, match="embed a profile in it"):
            finish(inks, tmp_path / "no.tif", made.matte, **options)
    with pytest.raises(OutputError, match="holds no CMYK; embed a profile in it and add --icc"):
        finish(inks, tmp_path / "no.png", made.matte, background="white")
    backdrop = tmp_path / "rgb.png"
    Image.new("RGB", (50, 50)).save(backdrop)
    with pytest.raises(BadFinish, match=r"inks\.tif is CMYK without a usable profile"):
        finish(inks, tmp_path / "no.tif", made.matte, background=str(backdrop))
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(BadFinish, match=r"inks\.tif is CMYK without a usable profile"):
        finish(made.picture, tmp_path / "no.tif", made.matte,
               background=str(cmyk_tiff(bare, None)))  # fmt: skip
    assert not list(tmp_path.glob("no.*"))


def test_a_broken_profile_is_told_and_left_out(tmp_path: Path, made: Made) -> None:
    broken = write_tiff(
        tmp_path / "broken.tif", made.colours, extratags=[(34675, "B", 200, bytes(200), True)]
    )
    done = finish(broken, tmp_path / "out.png", made.matte, background="white")
    assert "its colour profile is damaged" in done.notes[0]
    assert "icc_profile" not in Image.open(tmp_path / "out.png").info


@pytest.mark.parametrize(
    ("fit", "middle", "corner"),
    [("fill", 255, 255), ("fit", 255, 0), ("pad", 255, 0), ("stretch", 255, 255)],
)
def test_a_picture_as_background(
    tmp_path: Path, made: Made, fit: str, middle: int, corner: int
) -> None:
    green = tmp_path / "green.png"
    Image.new("RGB", (100, 50), (0, 255, 0)).save(green)
    matte = write_tiff(tmp_path / "none.tif", make_alpha(box=BOX))
    done = finish(
        made.picture, tmp_path / "out.png", matte, background=str(green), background_fit=fit
    )
    out = read(tmp_path / "out.png")
    assert out[HEIGHT // 2, 60, 1] == middle or fit == "pad"
    expected = (0, 255, 0) if corner else (255, 255, 255)
    assert tuple(out[2, 2]) == expected
    enlarged = any("enlarged" in note for note in done.notes)
    assert enlarged == (fit != "pad")


def test_a_background_that_is_moved(tmp_path: Path, made: Made) -> None:
    dot = tmp_path / "dot.png"
    Image.new("RGB", (20, 20), (255, 0, 0)).save(dot)
    finish(made.picture, tmp_path / "out.png", made.matte, background=str(dot),
           background_fit="pad", background_offset="-100,-50%")  # fmt: skip
    out = read(tmp_path / "out.png")
    assert tuple(out[5, 20]) == (255, 0, 0)
    assert tuple(out[5, 40]) == tuple(out[20, 20]) == (255, 255, 255)


def test_a_marketplace_square(tmp_path: Path, made: Made) -> None:
    big = np.kron(made.colours, np.ones((6, 6, 1), np.uint8))
    picture = write_tiff(tmp_path / "big.tif", big)
    matte = write_tiff(tmp_path / "bigm.tif", np.kron(made.alpha, np.ones((6, 6), np.uint8)))
    done = finish(picture, tmp_path / "out.png", matte, canvas="marketplace")
    out = read(tmp_path / "out.png").astype(int)
    side = out.shape[0]
    assert out.shape[1] == side and 1000 <= side < 2000
    assert any(f"{side} × {side}, so that nothing is enlarged" in note for note in done.notes)
    rows = np.flatnonzero((out != 255).any(axis=(1, 2)))
    assert (rows[-1] - rows[0] + 1) / side == pytest.approx(0.85, abs=0.02)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(side / 2, abs=8)
    assert (out[:40] == 255).all()
    done = finish(picture, tmp_path / "up.png", matte, canvas="marketplace", upsample=True)
    assert read(tmp_path / "up.png").shape == (2000, 2000, 3)
    assert any("enlarged" in note for note in done.notes)
    with pytest.raises(BadFinish, match="too few for a canvas of 1000 × 1000"):
        finish(made.picture, tmp_path / "no.png", made.matte, canvas="marketplace")
    with pytest.raises(BadFinish, match="add --upsample"):
        finish(made.picture, tmp_path / "no.png", made.matte, crop="0", min_resolution=4000)
    assert not (tmp_path / "no.png").exists()


def test_a_smaller_canvas_lets_nothing_shine_through(tmp_path: Path, made: Made) -> None:
    """Averages count by opacity: the old background's red never gets into the edge."""
    share = made.alpha[..., None] / 255
    colours = np.where(share > 0, (0, 0, 250), (250, 0, 0)).astype(np.uint8)
    picture = write_tiff(tmp_path / "two.tif", colours)
    finish(picture, tmp_path / "out.png", made.matte, canvas="60x80")
    out = read(tmp_path / "out.png").astype(int)
    seen = out[..., 3] > 12
    assert out[seen][:, 0].max() <= 30 and out[seen][:, 2].min() >= 220


@dataclass(frozen=True)
class Stamp:
    """A step of another package: paints the upper left corner of the background."""

    text: str

    def check(self, facts: Facts) -> None:
        if self.text == "no":
            raise BadFinish("A stamp cannot say no.")

    def apply(self, scene: Scene) -> Scene:
        first = scene.under[0]
        colours = first.colours.draw_rect([1, 2, 3], 0, 0, 9, 9, fill=True)
        return replace(scene, under=(replace(first, colours=colours), *scene.under[1:]))


def test_other_packages_add_steps(
    tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "stamps-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stamps\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[frisket.steps]\nstamp = stamps:make\n")
    (tmp_path / "site" / "stamps.py").write_text(
        "from sys import modules\ndef make(text):\n    return modules['stamps'].Stamp(text)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    import importlib

    monkeypatch.setattr(importlib.import_module("stamps"), "Stamp", Stamp, raising=False)
    assert read_step("stamp:hello") == Stamp("hello")
    finish(made.picture, tmp_path / "out.png", made.matte, background="white", step="stamp:hello")
    assert (read(tmp_path / "out.png")[:9, :9] == (1, 2, 3)).all()
    with pytest.raises(BadFinish, match="A stamp cannot say no"):
        finish(made.picture, tmp_path / "no.png", made.matte, background="white", step="stamp:no")


def test_iptc_survives_in_a_jpeg(tmp_path: Path, made: Made) -> None:
    records = b"\x1c\x02\x50" + struct.pack(">H", 8) + b"A. Maker"
    picture = write_tiff(
        tmp_path / "iptc.tif", made.colours, extratags=[(33723, 7, len(records), records, True)]
    )
    finish(picture, tmp_path / "out.jpg", made.matte, background="white")
    from PIL import IptcImagePlugin

    found = IptcImagePlugin.getiptcinfo(Image.open(tmp_path / "out.jpg"))
    assert found is not None and found[2, 80] == b"A. Maker"
