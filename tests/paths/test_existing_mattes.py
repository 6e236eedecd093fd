"""`frisket finish --as path`: outlines of mattes that exist, without any server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from outlines import draw_product
from PIL import Image
from psd_tools import PSDImage

from frisket import outline
from frisket.cli.exits import Exit
from frisket.cli.main import main
from frisket.documents import ArrayAlpha, Rect, open_document
from frisket.documents.core.outline import OutlineOptions
from frisket.documents.write.matte import write_matte
from frisket.finish.mattes import read_matte, reduce_matte
from frisket.jobs.spool import SpooledAlpha
from frisket.paths.drawings import draw_svg
from frisket.paths.records import decode_path
from frisket.paths.trace import trace

SIZE = 160
MATTE = draw_product("mug", SIZE)


def run(*words: str | Path) -> int:
    return main(["finish", *map(str, words), "--as", "path"])


@pytest.fixture
def transparent(tmp_path: Path) -> Path:
    picture = np.dstack([np.full((SIZE, SIZE, 3), 90, np.uint8), MATTE])
    Image.fromarray(picture).save(tmp_path / "cup.png")
    return tmp_path / "cup.png"


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    image = PSDImage.new("RGB", (SIZE + 40, SIZE + 20))
    layer = image.create_pixel_layer(Image.new("RGB", (SIZE, SIZE), "red"), "Cup", top=10, left=30)
    layer.create_mask(Image.fromarray(MATTE))
    image.save(tmp_path / "cup.psd")
    return tmp_path / "cup.psd"


def test_transparency_becomes_a_path(transparent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(transparent) == 0
    assert "cup-path.svg" in capsys.readouterr().out
    drawn = (transparent.parent / "cup-path.svg").read_text()
    assert drawn.count("M") == 2


def test_a_mask_becomes_a_clipping_path_at_its_layers_place(masked: Path) -> None:
    assert run(masked, "--matte", "mask", "--path-name", "Cup") == 0
    with open_document(masked.with_name("cup-path.psd")) as document:
        carrier = document.carry_resources(document.layers[0])
        assert carrier is not None
        path = decode_path(carrier.read()[0].data, document.width, document.height)
    outline = path.subpaths[0].flatten()
    rows, columns = (np.flatnonzero((MATTE >= 128).any(axis=axis)) for axis in (1, 0))
    assert (outline.real.min(), outline.real.max()) == pytest.approx(
        (30 + columns[0], 31 + columns[-1]), abs=1.5
    )
    assert (outline.imag.min(), outline.imag.max()) == pytest.approx(
        (10 + rows[0], 11 + rows[-1]), abs=1.5
    )


def test_a_file_becomes_a_path_of_another(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([MATTE] * 3)).save(tmp_path / "cup.jpg")
    Image.fromarray(MATTE).save(tmp_path / "matte.png")
    assert run(tmp_path / "cup.jpg", "--matte", tmp_path / "matte.png") == 0
    assert (tmp_path / "cup-path.jpg").exists()


def test_matte_and_transparency_are_multiplied(transparent: Path) -> None:
    half = np.zeros_like(MATTE)
    half[:, : SIZE // 2] = 255
    Image.fromarray(half).save(transparent.with_name("half.png"))
    done = outline(
        transparent, transparent.with_name("half.svg"), transparent.with_name("half.png")
    )
    assert done.outputs[0].read_bytes() == draw_svg(
        trace(ArrayAlpha(np.minimum(MATTE, half)), OutlineOptions()).path, SIZE, SIZE, "Frisket"
    )


@pytest.mark.parametrize("bits", [8, 16])
def test_a_large_matte_is_held_as_it_is(bits: int) -> None:
    drawn = np.pad(draw_product("ring", 400), (300, 0))
    matte = drawn.astype(f"u{bits // 8}") * (257 if bits == 16 else 1)
    with SpooledAlpha(ArrayAlpha(matte)) as held:
        assert held.depth == bits
        for rect in (Rect(0, 0, 700, 700), Rect(250, 3, 300, 697), Rect(699, 699, 1, 1)):
            part = matte[rect.y : rect.bottom, rect.x : rect.right]
            assert np.array_equal(held.read(rect), part)
        assert held.solid(Rect(0, 0, 20, 20)) == 0
        assert held.solid(Rect(0, 0, 700, 700)) is None
    with SpooledAlpha(ArrayAlpha(np.full_like(matte, matte.max()))) as full:
        assert full.solid(Rect(10, 300, 690, 400)) == matte.max()


def test_finishing_and_outlines_do_not_mix(
    transparent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(transparent, "--background", "white") == Exit.USAGE
    assert "--background is for --as finished, not for --as path" in capsys.readouterr().err


def test_many_at_once_and_nothing_is_replaced(
    transparent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(transparent, transparent.with_name("other.png"))
    folder = transparent.with_name("out")
    assert run(transparent, transparent.with_name("other.png"), "-o", f"{folder}/", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(one["output"]).name for one in told] == ["cup-path.svg", "other-path.svg"]
    assert run(transparent, "-o", f"{folder}/") == Exit.BAD_OUTPUT
    assert "add --overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("matte", "said"),
    [
        ("mask", "has no mask of pixels"),
        ("small.png", "must be of the same size"),
        ("none.png", "no such file"),
    ],
)
def test_a_matte_that_does_not_fit_is_one_sentence(
    transparent: Path, matte: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (9, 9)).save(transparent.with_name("small.png"))
    given = matte if matte == "mask" else str(transparent.with_name(matte))
    assert run(transparent, "--matte", given, "--json") == Exit.BAD_INPUT
    found = capsys.readouterr()
    assert said in found.err
    assert said in json.loads(found.out)["error"]
    assert not transparent.with_name("cup-path.svg").exists()


def test_nothing_opaque_has_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGBA", (30, 30)).save(tmp_path / "empty.png")
    assert run(tmp_path / "empty.png") != 0
    assert "as opaque as 50%" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["empty.png"]


def test_a_layer_that_is_opaque_needs_a_matte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (30, 30)).save(tmp_path / "plain.jpg")
    assert run(tmp_path / "plain.jpg") == Exit.BAD_INPUT
    assert "no transparency in it, and no matte was named; add --matte" in capsys.readouterr().err


def test_a_matte_of_floats_is_a_share_of_cover(tmp_path: Path) -> None:
    alpha = np.tile(np.linspace(0, 1, SIZE, dtype=np.float32), (SIZE, 1))
    tifffile.imwrite(tmp_path / "m.tif", alpha)
    write_matte(tmp_path / "m.exr", ArrayAlpha((alpha * 65535).astype(np.uint16)), 16)
    for name in ("m.tif", "m.exr"):
        with open_document(tmp_path / name) as document:
            raster = document.raster(document.find_layer(None))
            read = read_matte(raster).read(Rect(0, 0, SIZE, SIZE)) / 65535
            assert np.abs(read - alpha).max() < 1e-3
            reduced = reduce_matte(raster, SIZE // 2) / 255
        assert np.abs(reduced[0] - alpha[0].reshape(-1, 2).mean(axis=1)).max() < 0.003


@pytest.mark.parametrize("clear", [False, True])
def test_a_matte_of_rgba_is_its_grey_unless_something_is_transparent(
    tmp_path: Path, clear: bool
) -> None:
    own = np.full_like(MATTE, 255)
    own[:5] = 0 if clear else 255
    Image.fromarray(np.dstack([MATTE] * 3 + [own])).save(tmp_path / "m.png")
    with open_document(tmp_path / "m.png") as document:
        raster = document.raster(document.find_layer(None))
        read = read_matte(raster).read(Rect(0, 0, SIZE, SIZE))
    assert np.array_equal(read, own if clear else MATTE)
