"""Camera raw files: a DNG of a colour filter array, made here and developed by LibRaw."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from samples import Picture

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.write import write_cutout

HEIGHT, WIDTH = 64, 96


def list_tags(orientation: int) -> list[tuple[object, ...]]:
    # XYZ to linear sRGB, so that the camera's colours are those of sRGB.
    matrix = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)
    rationals = tuple(part for value in matrix for part in (value, 10000))
    return [
        (50706, "B", 4, (1, 4, 0, 0), True),  # DNGVersion
        (50707, "B", 4, (1, 1, 0, 0), True),  # DNGBackwardVersion
        (50708, "s", 0, "Frisket Test", True),  # UniqueCameraModel
        (50721, "2i", 9, rationals, True),  # ColorMatrix1
        (50728, "2I", 3, (1, 1) * 3, True),  # AsShotNeutral
        (50778, "H", 1, 21, True),  # CalibrationIlluminant1: D65
        (274, "H", 1, orientation, True),
    ]


SENSOR = [
    (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
    (33422, "B", 4, (0, 1, 1, 2), True),  # CFAPattern: RGGB
    (50714, "H", 1, 0, True),  # BlackLevel
    (50717, "H", 1, 16383, True),  # WhiteLevel
]


def dng(path: Path, orientation: int = 1, preview: bool = False, packed: bool = False) -> Path:
    """A DNG: bright red filters, dim blue ones; its left half is black.

    With a preview it is built as cameras build theirs: the preview first, the sensor's numbers in a
    directory below it. ``packed`` is by lossless JPEG.
    """
    array = np.full((HEIGHT, WIDTH), 6000, "u2")
    array[0::2, 0::2], array[1::2, 1::2] = 12000, 3000
    array[:, : WIDTH // 2] = 0
    tags, data, options = list_tags(orientation), array, {}
    if packed:
        data = iter([imagecodecs.ljpeg_encode(array, bitspersample=14)])
        options = {"shape": array.shape, "dtype": array.dtype, "rowsperstrip": HEIGHT,
                   "compression": "jpeg"}  # fmt: skip
    with tifffile.TiffWriter(path) as writer:
        if preview:
            shown = np.full((HEIGHT // 4, WIDTH // 4, 3), 77, "u1")
            writer.write(shown, photometric="rgb", subfiletype=1, extratags=tags, metadata=None,
                         subifds=1)  # fmt: skip
            tags = []
        writer.write(data, photometric=32803, metadata=None, subfiletype=0,
                     extratags=[*tags, *SENSOR], **options)  # fmt: skip
    return path


def test_a_raw_file_is_developed(tmp_path: Path, disc: Picture) -> None:
    pytest.importorskip("rawpy", reason="camera raw needs the [raw] extra")
    with open_document(dng(tmp_path / "in.dng")) as document:
        assert (document.format, document.width, document.height) == ("RAW", WIDTH, HEIGHT)
        (layer,) = document.layers
        raster = document.raster(layer)
        assert (raster.dtype.name, raster.channels, raster.depth) == ("uint16", 3, 16)
        dark, bright = (raster.read(Rect(x, 20, 8, 8)).reshape(-1, 3) for x in (8, 80))
        assert dark.max() == 0
        red, green, blue = bright.mean(axis=0)
        assert red > green > blue
        assert raster.proxy(48).shape == (32, 48, 3)
        write_cutout(tmp_path / "out.png", document, layer, ArrayAlpha(disc(WIDTH, HEIGHT, 16)))
    with open_document(tmp_path / "out.png") as result:
        found = result.raster(result.layers[0])
        assert (found.width, found.height, found.depth) == (WIDTH, HEIGHT, 16)


def test_a_turned_raw_file_stands_upright(tmp_path: Path) -> None:
    pytest.importorskip("rawpy", reason="camera raw needs the [raw] extra")
    with open_document(dng(tmp_path / "in.dng", orientation=6)) as document:
        assert (document.width, document.height) == (HEIGHT, WIDTH)
        raster = document.raster(document.layers[0])
        assert (raster.width, raster.height) == (HEIGHT, WIDTH)
        # A quarter turn to the right: what was at the left is at the top.
        assert raster.read(Rect(8, 8, 8, 8)).max() == 0
        assert raster.read(Rect(8, 80, 8, 8)).min(axis=(0, 1))[0] > 0


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_the_layouts_of_cameras_are_the_same_picture(
    packed: bool, preview: bool, tmp_path: Path
) -> None:
    """The sensor's numbers stored plain or by lossless JPEG, alone or below a preview."""
    pytest.importorskip("rawpy", reason="camera raw needs the [raw] extra")
    with open_document(dng(tmp_path / "plain.dng")) as document:
        wanted = document.raster(document.layers[0]).read(Rect(0, 0, WIDTH, HEIGHT))
    with open_document(dng(tmp_path / "in.dng", preview=preview, packed=packed)) as document:
        assert (document.width, document.height) == (WIDTH, HEIGHT)
        found = document.raster(document.layers[0]).read(Rect(0, 0, WIDTH, HEIGHT))
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("preview", [False, True])
def test_a_raw_file_cut_short_is_one_sentence(
    preview: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rawpy", reason="camera raw needs the [raw] extra")
    data, path = dng(tmp_path / "in.dng", preview=preview).read_bytes(), tmp_path / "cut.dng"
    for length in range(1, len(data) - 1, len(data) // 60):
        path.write_bytes(data[:length])
        try:
            with open_document(path) as document:
                document.raster(document.layers[0]).proxy(32)
        except DocumentError as error:
            assert "\n" not in str(error) and "cut.dng" in str(error)
    assert capfd.readouterr() == ("", "")


def test_a_damaged_raw_file_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("rawpy", reason="camera raw needs the [raw] extra")
    path = dng(tmp_path / "in.dng")
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DocumentError, match=r"in\.dng: the raw file cannot be"):
        document = open_document(path)
        document.raster(document.layers[0])


def test_without_the_extra_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(DocumentError, match=r'pip install "\.\[raw\]"'):
        open_document(dng(tmp_path / "in.dng"))
