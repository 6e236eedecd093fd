"""TIFF files whose tags say too little, say it twice, or say what is not so."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_documents import HEIGHT, TIFF_LAYERS, WIDTH, colours, ramp, tiff_block
from samples import Samples
from splices import splice_alpha, splice_page
from tiff_entries import Entry, list_entries, pack_tiff

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.verify import differences

WHOLE = Rect(0, 0, WIDTH, HEIGHT)


def write(path: Path, pixels: Samples, following: int = 0, **more: Entry) -> Path:
    data = pixels.tobytes()
    path.write_bytes(pack_tiff(list_entries(pixels.shape[-1], len(data), **more), data, following))
    return path


def add_alpha(path: Path, out: Path) -> tuple[Samples, list[int]]:
    """Splice an alpha in; the samples of the new page, and what its ExtraSamples are."""
    with open_document(path) as document:
        layer = document.layers[0]
        splice_alpha(document, out, layer, ArrayAlpha(np.full((HEIGHT, WIDTH), 255, "u1")))
    with tifffile.TiffFile(out) as file:
        page = file.pages[0]
        return page.asarray(), [int(kind) for kind in page.extrasamples]


def test_a_fourth_sample_that_nothing_is_said_of_is_transparency(tmp_path: Path) -> None:
    pixels = np.dstack([colours(), ramp()])
    path = write(tmp_path / "in.tif", pixels)
    with open_document(path) as document:
        assert document.layers[0].has_alpha
        assert np.array_equal(document.raster(document.layers[0]).read(WHOLE), pixels)
    samples, extras = add_alpha(path, tmp_path / "out.tif")
    assert extras == [2]
    assert np.array_equal(samples, pixels)


@pytest.mark.parametrize(
    ("samples", "told", "kept"), [(4, [0], [0, 2]), (5, [], [0, 0, 2]), (6, [0], [0, 0, 0, 2])]
)
def test_as_many_extra_samples_are_told_as_there_are(
    tmp_path: Path, samples: int, told: list[int], kept: list[int]
) -> None:
    more = {"extras": (338, 3, told)} if told else {}
    path = write(tmp_path / "in.tif", colours(samples), **more)
    with open_document(path) as document:
        assert not document.layers[0].has_alpha
    found, extras = add_alpha(path, tmp_path / "out.tif")
    assert extras == kept
    assert np.array_equal(found[..., :samples], colours(samples))
    assert (found[..., samples] == 255).all()


@pytest.mark.parametrize(("kind", "expected"), [(1, "u1"), (3, "f4"), (2, "i1")])
def test_a_palette_that_the_samples_contradict(tmp_path: Path, kind: int, expected: str) -> None:
    """Found by fuzzing: more colours than numbers, and numbers that count nothing."""
    pixels = colours(1).astype(expected)
    bits, table = pixels.dtype.itemsize * 8, list(range(3 * (1 << 16)))
    entries = list_entries(
        1, pixels.nbytes, bits=(258, 3, [bits]), mode=(262, 3, [3]), form=(339, 3, [kind]),
        colours=(320, 3, [value % 65536 for value in table]),
    )  # fmt: skip
    path = tmp_path / "in.tif"
    path.write_bytes(pack_tiff(entries, pixels.tobytes()))
    with open_document(path) as document:
        assert document.raster(document.layers[0]).proxy(64).dtype == np.uint8


def test_a_preview_before_the_picture_is_no_page(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(colours()[::2, ::2], photometric="rgb", subfiletype=1)
        file.write(colours(), photometric="rgb", subfiletype=0)
    with open_document(path) as document:
        [layer] = document.layers
        assert np.array_equal(document.raster(layer).read(WHOLE), colours())
    splice_into(path, tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert [page.shape for page in file.pages] == [
            (HEIGHT // 2, WIDTH // 2, 3), (HEIGHT, WIDTH, 4)
        ]  # fmt: skip


def splice_into(path: Path, out: Path) -> None:
    with open_document(path) as document:
        alpha = ArrayAlpha(np.full((HEIGHT, WIDTH), 255, "u1"))
        splice_alpha(document, out, document.layers[0], alpha)


def test_a_picture_below_its_preview_is_the_page(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(colours()[::2, ::2], photometric="rgb", subifds=1, subfiletype=1)
        file.write(colours(), photometric="rgb")
    with open_document(path) as document:
        [layer] = document.layers
        assert np.array_equal(document.raster(layer).read(WHOLE), colours())
        assert document.carries(layer) == {"page"}
    with pytest.raises(DocumentError, match="--as page"):
        splice_into(path, tmp_path / "out.tif")


def test_a_file_of_previews_alone_still_has_pages(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, colours(), photometric="rgb", subfiletype=1)
    with open_document(path) as document:
        assert [layer.width for layer in document.layers] == [WIDTH]


def test_a_page_for_a_layer_has_the_size_of_the_picture(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    data = tiff_block("<", "Figure", colours()[:8, :10])
    tags = [(TIFF_LAYERS, 7, len(data), data, True)]
    tifffile.imwrite(path, colours(), photometric="rgb", byteorder="<", extratags=tags)
    with open_document(path) as document:
        figure = document.find_layer("Figure")
        splice_page(document, out, ArrayAlpha(ramp(8, 10)), figure)
    expected = np.zeros((HEIGHT, WIDTH), "u1")
    expected[figure.y : figure.y + 8, figure.x : figure.x + 10] = ramp(8, 10)
    with tifffile.TiffFile(out) as file:
        assert np.array_equal(file.pages[1].asarray(), expected)


def test_a_page_lies_where_its_picture_lies(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    places = [(286, 5, 1, (30, 72), True), (287, 5, 1, (10, 72), True)]
    tifffile.imwrite(
        path, colours(), photometric="rgb", resolution=(72, 72), resolutionunit=2, extratags=places
    )
    with open_document(path) as document:
        splice_page(document, out, ArrayAlpha(ramp()))
    with tifffile.TiffFile(out) as file:
        one, two = file.pages
        for code in (282, 283, 286, 287, 296):
            assert two.tags[code].value == one.tags[code].value


def test_a_tag_that_is_there_twice_stays_so(tmp_path: Path) -> None:
    twice = {"one": (65000, 3, [1, 2, 3]), "two": (65000, 3, [4, 5, 6])}
    path, out = write(tmp_path / "in.tif", colours(), **twice), tmp_path / "out.tif"
    other = {"one": (65000, 3, [1, 2, 3]), "two": (65000, 3, [4, 5, 7])}
    changed = write(tmp_path / "changed.tif", colours(), **other)
    assert [one.what for one in differences(path, changed)] == ["page 1 tag 65000"]
    splice_into(path, out)
    assert "page 1 tag 65000" not in {one.what for one in differences(path, out)}
    count = struct.unpack_from("<H", out.read_bytes(), find_directory(out))[0]
    codes = [
        struct.unpack_from("<H", out.read_bytes(), find_directory(out) + 2 + 12 * number)[0]
        for number in range(count)
    ]
    assert codes.count(65000) == 2


def find_directory(path: Path) -> int:
    return int(struct.unpack_from("<I", path.read_bytes(), 4)[0])


@pytest.mark.parametrize("rubbish", [0xFFFFFFF0, 9, 1 << 20])
def test_rubbish_after_the_last_page_is_the_end(tmp_path: Path, rubbish: int) -> None:
    path = write(tmp_path / "in.tif", colours(), rubbish)
    with open_document(path) as document:
        assert len(document.layers) == 1
        splice_page(document, tmp_path / "out.tif", ArrayAlpha(ramp()))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert np.array_equal(file.pages[0].asarray(), colours())
        assert np.array_equal(file.pages[1].asarray(), ramp())


@pytest.mark.parametrize("rows", [HEIGHT * 2, 1 << 31])
def test_strips_of_planes_are_counted_where_their_rows_are_told_wrong(
    tmp_path: Path, rows: int
) -> None:
    height = 6
    planes = [colours()[..., number] for number in range(3)]
    strips = [plane[y : y + height].tobytes() for plane in planes for y in range(0, HEIGHT, height)]
    lengths = [len(strip) for strip in strips]
    places = [8 + sum(lengths[:number]) for number in range(len(lengths))]
    entries = list_entries(
        3, 0, planar=(284, 3, [2]), rows=(278, 4, [rows]), at=(273, 4, places),
        lengths=(279, 4, lengths),
    )  # fmt: skip
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    path.write_bytes(pack_tiff(entries, b"".join(strips)))
    with open_document(path) as document:
        found = document.raster(document.layers[0]).read(WHOLE)
        assert np.array_equal(found, colours())
    splice_into(path, out)
    with tifffile.TiffFile(out) as file:
        assert file.pages[0].rowsperstrip == height
        assert np.array_equal(file.pages[0].asarray()[:3], np.stack(planes))
    packed = [one if one[0] != 259 else (259, 3, [32773]) for one in entries]
    path.write_bytes(pack_tiff(packed, b"".join(strips)))
    with pytest.raises(DocumentError, match="RowsPerStrip"):
        open_document(path)


@pytest.mark.parametrize(("last", "number"), [(0, 0), (1, 0), (1, 1), (2, 1)])
def test_directories_in_a_circle_stay_as_many(tmp_path: Path, last: int, number: int) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(path, np.stack([colours()] * (last + 1)), photometric="rgb", metadata=None)
    with tifffile.TiffFile(path) as file:
        places = [page.offset for page in file.pages]
    data = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", data, places[last])
    struct.pack_into("<I", data, places[last] + 2 + 12 * count, places[min(number, last)])
    path.write_bytes(bytes(data))
    with open_document(path) as document:
        assert len(document.layers) == last + 1
        splice_alpha(document, out, document.layers[number], ArrayAlpha(ramp()))
    with open_document(out) as document:
        assert [layer.has_alpha for layer in document.layers] == [
            page == number for page in range(last + 1)
        ]


@pytest.mark.parametrize("cut", [40, 60, 120, 400])
def test_damaged_layers_leave_the_page_readable(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "in.tif"
    block = bytearray(tiff_block("<", "Figure", colours()))
    block[cut : cut + 20] = b"\xff" * 20
    tags = [(TIFF_LAYERS, 7, len(block), bytes(block), True)]
    tifffile.imwrite(path, colours(), photometric="rgb", byteorder="<", extratags=tags)
    with open_document(path) as document:
        page = document.layers[-1]
        assert np.array_equal(document.raster(page).read(WHOLE), colours())
        splice_alpha(document, tmp_path / "out.tif", page, ArrayAlpha(ramp()))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert bytes(file.pages[0].tags[TIFF_LAYERS].value) == bytes(block)


@pytest.mark.parametrize("kind", ["alpha", "page"])
def test_a_file_cut_off_in_the_description_of_its_pixels_is_not_added_to(
    tmp_path: Path, kind: str
) -> None:
    """What is appended would lie where the description was."""
    pixels = np.dstack([colours(), ramp()])
    path = write(tmp_path / "in.tif", pixels)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 8])
    with pytest.raises(DocumentError), open_document(path) as document:
        document.check_splice(kind, tmp_path / "out.tif", document.layers[:1])
    assert [one.name for one in tmp_path.iterdir()] == ["in.tif"]
