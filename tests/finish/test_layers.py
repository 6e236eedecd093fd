"""Finished pictures whose sheets stay layers, and shadows in files of their own."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Resource

from frisket.documents import OutputError, Rect, open_document
from frisket.documents.psd.layered import LayeredPlan, LayerPlan, check_room
from frisket.finish import finish
from frisket.finish.errors import BadFinish
from frisket.finish.formats import check_side

from .conftest import BOX, HEIGHT, WIDTH, Made, make_alpha, make_colours, read, write_tiff
from .test_files import cmyk_tiff, p3_tiff, profile

NAMES = ["Original", "Background", "Drop shadow", "Contact shadow", "Subject"]
SHADOWS = ["drop", "contact"]


def show(path: Path) -> np.ndarray:
    """What psd-tools composes of the layers, as 8 bits RGBA."""
    return np.asarray(PSDImage.open(path).composite(ignore_preview=True).convert("RGBA"))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("suffix", [".psd", ".psb"])
def test_the_layers_live(tmp_path: Path, depth: int, suffix: str) -> None:
    colours, alpha = make_colours(depth), make_alpha(depth)
    picture = write_tiff(tmp_path / "in.tif", colours)
    matte = write_tiff(tmp_path / "matte.tif", alpha)
    out = tmp_path / f"out{suffix}"
    finish(picture, out, matte, background="#204060", shadow=SHADOWS, crop="10", also="tif")
    document = PSDImage.open(out)
    assert (document.depth, document.version) == (depth, 2 if suffix == ".psb" else 1)
    assert [layer.name for layer in document] == NAMES
    assert [layer.is_visible() for layer in document] == [False, True, True, True, True]
    original, *_, subject = document
    assert original.bbox == (
        10 - BOX.left,
        10 - BOX.top,
        10 - BOX.left + WIDTH,
        10 - BOX.top + HEIGHT,
    )
    top = np.iinfo(colours.dtype).max
    assert (np.rint(original.numpy("color") * top) == colours).all()
    rows, columns = slice(BOX.top - 10, BOX.bottom + 10), slice(BOX.left - 10, BOX.right + 10)
    assert (np.rint(subject.numpy("color") * top) == colours[rows, columns]).all()
    assert (np.rint(subject.numpy("mask")[..., 0] * top) == alpha[rows, columns]).all()
    flat = read(tmp_path / "out.tif") / top * 255
    assert np.abs(show(out)[..., :3] - flat).max() <= 2
    assert np.abs(document.numpy("color") * 255 - flat).max() <= 1


def test_over_nothing_the_layers_are_transparent(tmp_path: Path, made: Made) -> None:
    finish(made.picture, tmp_path / "out.psd", made.matte, shadow="drop", also="png")
    flat = read(tmp_path / "out.png").astype(int)
    seen = flat[..., 3] > 100
    composed, document = show(tmp_path / "out.psd").astype(int), PSDImage.open(tmp_path / "out.psd")
    merged = np.rint(document.numpy() * 255).astype(int)
    for found in (composed, merged):
        assert np.abs(found[..., 3] - flat[..., 3]).max() <= 1
        assert np.abs(found[..., :3] - flat[..., :3])[seen].max() <= 4


def test_inks_profiles_and_metadata(tmp_path: Path, made: Made) -> None:
    inks = cmyk_tiff(tmp_path, profile("cmyk"))
    finish(inks, tmp_path / "inks.psd", made.matte, background="white", shadow="drop", dpi=240)
    document = PSDImage.open(tmp_path / "inks.psd")
    assert document.color_mode.name == "CMYK"
    original = document[0]
    assert (np.rint((1 - original.numpy("color")) * 255) == make_colours(channels=4)).all()
    with open_document(tmp_path / "inks.psd") as own:
        assert own.icc_profile == profile("cmyk")
        assert own.tell_beside(own.find_layer("Subject")).resolution == (240, 240)
    finish(p3_tiff(tmp_path), tmp_path / "p3.psd", made.matte)
    with open_document(tmp_path / "p3.psd") as own:
        assert own.icc_profile == profile("p3")


def test_the_profile_of_a_psd_counts(tmp_path: Path, made: Made) -> None:
    p3 = p3_tiff(tmp_path)
    finish(p3, tmp_path / "p3.psd", made.matte)
    finish(p3, tmp_path / "one.png", made.matte, icc="srgb")
    finish(tmp_path / "p3.psd", tmp_path / "two.png", "mask", layer="Subject", icc="srgb")
    assert (read(tmp_path / "one.png") == read(tmp_path / "two.png")).all()
    assert (read(tmp_path / "one.png")[..., :3] != made.colours).any()


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.skipif(not shutil.which("identify"), reason="ImageMagick is not installed")
def test_another_reader_opens_it(tmp_path: Path, depth: int) -> None:
    picture = write_tiff(tmp_path / "in.tif", make_colours(depth))
    matte = write_tiff(tmp_path / "matte.tif", make_alpha(depth))
    out = tmp_path / "out.psd"
    finish(picture, out, matte, background="white", shadow=SHADOWS)
    told = subprocess.run(
        ["identify", "-format", "%wx%h %z %[label]\n", out], capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    lines = told.stdout.splitlines()
    assert lines[0].startswith(f"{WIDTH}x{HEIGHT} {depth}")
    assert [line.split(maxsplit=2)[2] for line in lines[1:]] == NAMES


def test_it_can_be_cut_again(tmp_path: Path, made: Made) -> None:
    """The layers are a document of their own: the subject with its mask is a matte again."""
    finish(made.picture, tmp_path / "out.psd", made.matte, background="white", shadow="drop")
    finish(tmp_path / "out.psd", tmp_path / "again.png", "mask", layer="Subject")
    again = read(tmp_path / "again.png")
    assert (again[..., 3] == made.alpha).all()


def test_what_is_too_large_is_a_psb() -> None:
    def read_nothing(rect: Rect) -> np.ndarray:
        raise AssertionError("nothing is read")

    def plan(width: int, height: int, is_big: bool = False) -> LayeredPlan:
        layer = LayerPlan("Subject", Rect(0, 0, width, height), read_nothing, has_mask=True)
        return LayeredPlan(width, height, "RGB", 16, is_big, (layer,), read_nothing, False)

    with pytest.raises(OutputError, match=r"a PSD has 2 GB at most; write \.psb"):
        check_room("out.psd", plan(20_000, 20_000))
    check_room("out.psb", plan(30_001, 30_000, is_big=True))
    with pytest.raises(OutputError, match=r"a side of PSD has 30000 at most; write \.psb"):
        check_side(Path("out.psd"), 30_001, 10)
    check_side(Path("out.psb"), 30_001, 10)
    with pytest.raises(OutputError, match=r"a side of PSB has 300000 at most; write \.tif"):
        check_side(Path("out.psb"), 300_001, 10)


def test_shadows_as_a_file_of_their_own(tmp_path: Path, made: Made) -> None:
    done = finish(
        made.picture, tmp_path / "out.jpg", made.matte, background="white", shadow=SHADOWS,
        also=["shadow", "psd"],
    )  # fmt: skip
    assert [path.name for path in done.outputs] == ["out.jpg", "out.psd", "out-shadow.png"]
    alone = np.asarray(Image.open(tmp_path / "out-shadow.png")).astype(float)
    assert alone.shape == (HEIGHT, WIDTH, 4)
    drop, contact = (
        layer.numpy("shape")[..., 0] * 255 for layer in PSDImage.open(tmp_path / "out.psd")
        if layer.name.endswith("shadow")
    )  # fmt: skip
    expected = 255 - (255 - drop) * (255 - contact) / 255
    assert np.abs(alone[..., 3] - expected).max() <= 1
    assert (alone[alone[..., 3] > 0][:, :3] == 0).all()
    with pytest.raises(BadFinish, match="name one"):
        finish(made.picture, tmp_path / "no.jpg", made.matte, background="white", also="shadow")
    finish(made.picture, tmp_path / "b.tif", made.matte, shadow="drop", also="shadow")
    assert read(tmp_path / "b-shadow.tif")[..., 3].max() > 40


def test_the_header_says_what_it_is(tmp_path: Path) -> None:
    grey = write_tiff(tmp_path / "grey.tif", make_colours(16, 1)[..., 0])
    matte = write_tiff(tmp_path / "matte.tif", make_alpha())
    finish(grey, tmp_path / "out.psb", matte, background="white", shadow="drop")
    data = (tmp_path / "out.psb").read_bytes()
    found = struct.unpack(">4sH6xHIIHH", data[:26])
    assert found == (b"8BPS", 2, 1, HEIGHT, WIDTH, 16, 1)
    flat = PSDImage.open(tmp_path / "out.psb")
    assert (
        np.abs(show(tmp_path / "out.psb")[..., 0] / 255 - flat.numpy("color")[..., 0]).max() < 0.01
    )


@pytest.mark.parametrize("depth", [8, 16])
def test_a_spot_colour_has_a_plate_of_its_own(tmp_path: Path, depth: int) -> None:
    inks = write_tiff(tmp_path / "inks.tif", make_colours(depth, 4))
    matte = write_tiff(tmp_path / "matte.tif", make_alpha(depth))
    ink = "spot(PANTONE 186 C, rgb(200, 16, 46))"
    finish(inks, tmp_path / "out.psd", matte, background=ink, shadow="drop")
    document = PSDImage.open(tmp_path / "out.psd")
    assert [layer.name for layer in document] == ["Original", "Drop shadow", "Subject"]
    assert document.channels == 5
    found = document.image_resources
    assert list(found.get_data(Resource.ALPHA_NAMES_UNICODE)) == ["PANTONE 186 C"]
    [shown] = found.get_data(Resource.DISPLAY_INFO).alpha_channels
    assert (shown.mode.name, shown.opacity, shown.color_space) == ("SPOT", 100, 0)
    assert (shown.c1, shown.c2, shown.c3) == (200 * 257, 16 * 257, 46 * 257)
    plate = np.asarray(document.topil(channel=4))
    full = 255 if plate.dtype == np.uint8 else 65535
    assert np.abs(plate / full * 255 - make_alpha()).max() <= 1  # 0 is full ink
    with pytest.raises(BadFinish, match=r"out\.tif holds no spot colours: write \.psd or \.psb"):
        finish(inks, tmp_path / "out.tif", matte, background=ink)
    for text in ("spot(X)", "spot(, red)", "spot(X, rouge)", "spot(X, red"):
        with pytest.raises(BadFinish, match=r"is no (spot )?colour"):
            finish(inks, tmp_path / "no.psd", matte, background=text)
