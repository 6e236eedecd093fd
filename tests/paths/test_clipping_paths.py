"""Paths in documents: all else stays, independent readers draw the same, bad files are refused."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import tifffile
from outlines import compare_areas, draw_product
from PIL import Image
from psd_tools import PSDImage
from psd_tools.psd.vector import Path as VectorPath
from psd_tools.psd.vector import Subpath as PsdSubpath

from frisket.documents import (
    ArrayAlpha,
    DocumentError,
    LayerResult,
    OutputError,
    ResultOptions,
    UnreadableDocument,
    differences,
    open_document,
)
from frisket.documents.core.outline import OutlineOptions
from frisket.documents.core.resources import ImageResource
from frisket.jobs.deliver import DELIVERIES
from frisket.paths.drawings import draw_pdf
from frisket.paths.records import decode_clipping, decode_path, encode_path
from frisket.paths.trace import trace
from frisket.paths.values import BezierPath, find_area

SIZE = 240
MATTE = draw_product("mug", SIZE)
PATH = DELIVERIES["path"]


def make(folder: Path, suffix: str) -> Path:
    colours = np.stack([MATTE, 255 - MATTE, MATTE // 2], axis=-1)
    target = folder / f"in{suffix}"
    image = Image.fromarray(colours)
    if suffix in (".tif", ".tiff"):
        tifffile.imwrite(target, colours, photometric="rgb")
    elif suffix == ".psd":
        PSDImage.frompil(image).save(target)
    elif suffix == ".psb":
        with open_document(make(folder, ".psd")) as document:
            cut(document.path, target)
    else:
        image.save(target)
    return target


def cut(source: str | Path, output: Path, existing: str = "refuse", **outline: object) -> list[str]:
    options = ResultOptions(existing=existing, outline=OutlineOptions(**outline))  # type: ignore[arg-type]
    with open_document(source) as document:
        layer = document.find_layer(None)
        PATH.check(document, output, [layer], options)
        matte = MATTE if (layer.width, layer.height) == (SIZE, SIZE) else np.rot90(MATTE)
        result = LayerResult(layer, ArrayAlpha(np.ascontiguousarray(matte)))
        return list(PATH.write(document, output, [result], options))


def read_paths(path: Path) -> dict[int, ImageResource]:
    with open_document(path) as document:
        carrier = document.carry_resources(document.layers[0])
        assert carrier is not None
        return {one.id: one for one in carrier.read()}


def fill(path: BezierPath) -> np.ndarray:
    """Return which pixels a path covers, as PDFium draws it."""
    return render_pdf(draw_pdf(path, SIZE, SIZE, "x"))


def render_pdf(data: bytes) -> np.ndarray:
    page = pypdfium2.PdfDocument(data)[0]
    return np.asarray(page.render(scale=1, grayscale=True).to_pil().convert("L")) < 128


@pytest.mark.parametrize(
    ("suffix", "added"),
    [
        (".psd", ["resource 2000 added", "resource 2999 added"]),
        (".tif", ["page 1 tag 34377 added"]),
        (".jpg", ["segment ED added"]),
    ],
)
def test_a_path_changes_nothing_else(tmp_path: Path, suffix: str, added: list[str]) -> None:
    source, output = make(tmp_path, suffix), tmp_path / f"out{suffix}"
    before = source.read_bytes()
    assert cut(source, output, name="Cup") == []
    assert [f"{one.what} {one.how}" for one in differences(source, output)] == added
    assert source.read_bytes() == before
    assert sorted(read_paths(output)) == [2000, 2999]


@pytest.mark.parametrize("suffix", [".psd", ".psb", ".tif", ".jpg"])
def test_every_carrier_holds_the_same_path_and_it_fits_the_matte(
    tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"out{suffix}"
    cut(make(tmp_path, ".psd" if suffix == ".psb" else suffix), output, name="Cup")
    found = read_paths(output)
    traced = trace(ArrayAlpha(MATTE), OutlineOptions()).path
    assert found[2000].data == encode_path(traced, SIZE, SIZE)
    assert found[2000].name == decode_clipping(found[2999].data) == b"Cup"
    assert found[2999].data[-6:] == bytes(6)  # flatness is blank
    assert compare_areas(fill(decode_path(found[2000].data, SIZE, SIZE)), MATTE) > 0.99


def test_psd_tools_reads_the_same_path(tmp_path: Path) -> None:
    output = tmp_path / "out.psd"
    cut(make(tmp_path, ".psd"), output, name="Cup")
    [found] = [one for one in PSDImage.open(output).image_resources.values() if one.key == 2000]
    assert found.name == "Cup"
    mine = decode_path(read_paths(output)[2000].data, 1, 1)
    for suffix in (".psd", ".tif", ".jpg"):
        cut(make(tmp_path, suffix), tmp_path / f"again{suffix}", name="Cup")
        stored = read_paths(tmp_path / f"again{suffix}")[2000].data
        curves = [one for one in VectorPath.frombytes(stored) if isinstance(one, PsdSubpath)]
        for theirs, own in zip(curves, mine.subpaths, strict=True):
            assert theirs.is_closed()
            anchors = [knot.anchor[1] + 1j * knot.anchor[0] for knot in theirs]
            assert np.allclose(anchors, own.knots[:, 1], atol=1e-6)


@pytest.mark.parametrize("suffix", [".psd", ".tif", ".jpg"])
def test_exiftool_names_the_clipping_path(tmp_path: Path, suffix: str) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    output = tmp_path / f"out{suffix}"
    cut(make(tmp_path, suffix), output, name="Cup")
    command = ["exiftool", "-s3", "-ClippingPathName", "-warning", str(output)]
    assert subprocess.run(command, capture_output=True, text=True).stdout.split() == ["Cup"]


@pytest.mark.parametrize("suffix", [".psd", ".tif", ".jpg"])
def test_imagemagick_draws_the_matte(tmp_path: Path, suffix: str) -> None:
    if shutil.which("identify") is None or shutil.which("rsvg-convert") is None:
        pytest.skip("ImageMagick or rsvg-convert is not installed")
    output = tmp_path / f"out{suffix}"
    cut(make(tmp_path, suffix), output)
    command = ["identify", "-format", "%[8BIM:1999,2998:#1]", str(output)]
    svg = subprocess.run(command, capture_output=True).stdout.strip()
    drawn = subprocess.run(["rsvg-convert"], input=svg, capture_output=True, check=True).stdout
    alpha = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[..., 3]
    assert compare_areas(alpha >= 128, MATTE) > 0.99


@pytest.mark.parametrize("suffix", [".svg", ".eps", ".pdf"])
def test_drawings_cover_the_matte(tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"out{suffix}"
    cut(make(tmp_path, ".jpg"), output)
    shown = show(output)
    assert shown.shape == MATTE.shape
    assert compare_areas(shown, MATTE) > 0.99


def test_poppler_draws_the_same(tmp_path: Path) -> None:
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler's pdftoppm is not installed")
    cut(make(tmp_path, ".jpg"), tmp_path / "out.pdf")
    command = ["pdftoppm", "-gray", "-r", "72", str(tmp_path / "out.pdf")]
    drawn = subprocess.run(command, capture_output=True, check=True).stdout
    assert compare_areas(np.asarray(Image.open(io.BytesIO(drawn))) < 128, MATTE) > 0.99


def show(drawing: Path) -> np.ndarray:
    if drawing.suffix == ".pdf":
        return render_pdf(drawing.read_bytes())
    tools = {
        ".svg": ["rsvg-convert", "-b", "white", str(drawing)],
        ".eps": ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dEPSCrop", "-r576",
                 "-sDEVICE=pnggray", "-o", "-", str(drawing)],
    }  # fmt: skip
    command = tools[drawing.suffix]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, check=True)
    # Ghostscript paints every pixel that is touched: drawn larger, that counts for less.
    drawn = (
        Image.open(io.BytesIO(done.stdout)).convert("L").resize((SIZE, SIZE), Image.Resampling.BOX)
    )
    return np.asarray(drawn) < 128


@pytest.mark.parametrize("suffix", [".psd", ".tif", ".jpg"])
def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    cut(make(tmp_path, suffix), first, name="Old")
    with pytest.raises(OutputError, match=r"already has a path named 'Old'.*--existing replace"):
        cut(first, second, name="Old")
    with pytest.raises(OutputError, match=r"already has a clipping path.*--no-clip"):
        cut(first, second, name="New")
    with pytest.raises(OutputError, match="cannot be multiplied"):
        cut(first, second, "multiply", name="New")
    assert not second.exists()
    cut(first, second, name="New", clip=False)
    assert [one.name for one in read_paths(second).values()] == [b"Old", b"", b"New"]
    cut(second, tmp_path / f"third{suffix}", "replace", name="Old", inset=4)
    found, before = read_paths(tmp_path / f"third{suffix}"), read_paths(second)
    assert found[2001] == before[2001] and found[2999] == before[2999]
    assert found[2000].name == b"Old" and found[2000].data != before[2000].data


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_holds_the_path_as_it_is_stored(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.stack([MATTE[:200]] * 3, axis=-1))
    stored.save(source, exif=exif)
    with open_document(source) as document:
        layer = document.layers[0]
        turn = document.carry_resources(layer).turn  # type: ignore[union-attr]
        upright = MATTE[:200] if turn is None else turn.apply(MATTE[:200, :, None])[..., 0]
        result = LayerResult(layer, ArrayAlpha(np.ascontiguousarray(upright)))
        PATH.write(document, tmp_path / "out.jpg", [result], ResultOptions())
    path = decode_path(read_paths(tmp_path / "out.jpg")[2000].data, SIZE, 200)
    assert compare_areas(render_pdf(draw_pdf(path, SIZE, 200, "x")), MATTE[:200]) > 0.99
    assert [find_area(one.flatten()) > 0 for one in path.subpaths] == [True, False]


def add_segments(source: Path, output: Path, bodies: list[bytes]) -> Path:
    data = source.read_bytes()
    segments = b"".join(
        struct.pack(">BBH", 0xFF, 0xED, 16 + len(body)) + b"Photoshop 3.0\0" + body
        for body in bodies
    )
    output.write_bytes(data[:2] + segments + data[2:])
    return output


def test_resources_split_over_segments_are_read_and_replaced(tmp_path: Path) -> None:
    plain = make(tmp_path, ".jpg")
    block = ImageResource(2005, b"Other", bytes(range(250)) * 400).pack()
    block += ImageResource(2999, b"", b"\5Other" + bytes(6)).pack()
    split = add_segments(plain, tmp_path / "split.jpg", [block[:60001], block[60001:]])
    assert len(read_paths(split)[2005].data) == 100_000
    cut(split, tmp_path / "out.jpg", "replace", name="Cup")
    found = read_paths(tmp_path / "out.jpg")
    assert sorted(found) == [2000, 2005, 2999]
    assert found[2005] == read_paths(split)[2005]
    assert decode_clipping(found[2999].data) == b"Cup"
    changed = {one.what for one in differences(split, tmp_path / "out.jpg")}
    assert changed == {"segment ED"}


@pytest.mark.parametrize(
    "body",
    [b"8BIM\x07\xd0" + bytes(3), b"8BIM\x07\xd0\0\0\0\0\xff\xff12", b"garbage that is no resource"],
)
def test_a_damaged_block_is_refused_before_any_work(tmp_path: Path, body: bytes) -> None:
    bad = add_segments(make(tmp_path, ".jpg"), tmp_path / "bad.jpg", [body])
    with pytest.raises(UnreadableDocument, match=r"image resources.*\.svg") as caught:
        cut(bad, tmp_path / "out.jpg")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize("suffix", [".psd", ".tif", ".jpg"])
def test_a_truncated_file_ends_in_one_sentence(tmp_path: Path, suffix: str) -> None:
    first = tmp_path / f"first{suffix}"
    cut(make(tmp_path, suffix), first)
    whole = first.read_bytes()
    for length in range(30, len(whole), max(1, len(whole) // 12)):
        first.write_bytes(whole[:length])
        try:
            cut(first, tmp_path / f"out{suffix}", "replace")
        except DocumentError as error:
            assert "\n" not in str(error)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("output", "said"),
    [("out.png", r"use \.svg, \.eps"), ("out.psd", r"not written as \.psd")],
)
def test_a_name_that_does_not_suit_is_refused(tmp_path: Path, output: str, said: str) -> None:
    with pytest.raises(OutputError, match=said):
        cut(make(tmp_path, ".jpg"), tmp_path / output)


def test_further_pictures_in_a_jpeg_are_not_moved(tmp_path: Path) -> None:
    source = tmp_path / "two.jpg"
    pictures = [Image.fromarray(np.stack([MATTE] * 3, axis=-1)) for _ in range(2)]
    pictures[0].save(source, "MPO", save_all=True, append_images=pictures[1:])
    with pytest.raises(DocumentError, match="further pictures"):
        cut(source, tmp_path / "out.jpg")
    cut(source, tmp_path / "out.svg")


def test_a_layer_out_of_reach_is_refused(tmp_path: Path) -> None:
    image = PSDImage.new("RGB", (4, 4))
    image.create_pixel_layer(Image.new("RGB", (SIZE, SIZE), "red"), "Far", top=0, left=900)
    image.save(tmp_path / "far.psd")
    with pytest.raises(OutputError, match="further outside of the picture than a path can reach"):
        cut(tmp_path / "far.psd", tmp_path / "out.psd")


def test_a_coarser_path_names_printing(tmp_path: Path) -> None:
    source = make(tmp_path, ".jpg")
    [said] = cut(source, tmp_path / "out.svg", max_knots=10)
    assert re.search(r"out\.svg: the path is up to \d+ px off.*10 knots.*printing", said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "printable letters"), ({"name": "путь"}, "western languages"),
        ({"tolerance": 0}, "0.1 to 16 pixels"), ({"max_knots": 70000}, "65535 knots"),
        ({"level": 0}, "a share above 0"), ({"inset": 1e9}, "-1000 to 1000"),
    ],
)  # fmt: skip
def test_options_that_are_not_possible_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OutlineOptions(**given)  # type: ignore[arg-type]
