"""`--convert`: pixels that take no alpha as they are stored, in plain samples and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import storage_forms
import tifffile
from made_documents import HEIGHT, WIDTH, colours, make, ramp
from PIL import Image
from psd_tools import PSDImage
from samples import Samples

from frisket.documents import (
    ArrayAlpha,
    Document,
    DocumentError,
    Layer,
    LayerResult,
    ResultOptions,
    UnsupportedDocument,
    differences,
    open_document,
)

ALPHA = np.roll(ramp(), 5, axis=0)
NOTE = "kept as it is"
TABLE = (np.arange(3 * 256).reshape(3, 256) * 65535 // 767).astype("u2")
# Tags that tell how samples are stored; nothing else of a page may differ.
STORAGE = {258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 338, 339, 347}
STORAGE |= {*range(512, 522), *range(529, 533), 273, 279, 324, 325}


def write(samples: Samples, **options: Any) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, samples, description=NOTE, **options)


def write_fax(path: Path) -> None:
    tags = {270: NOTE, 282: 204.0, 283: 98.0, 296: 2}
    picture = Image.fromarray(ramp() > 128)
    picture.save(path, compression="group4", tiffinfo=tags)


def decode_jpeg(samples: Samples, **options: Any) -> Samples:
    out = io.BytesIO()
    tifffile.imwrite(out, samples, compression="jpeg", **options)
    out.seek(0)
    return np.asarray(tifffile.imread(out))


def smooth(samples: int = 3) -> Samples:
    return np.asarray(np.sort(colours(samples), axis=1))


JPEG = {"photometric": "ycbcr", "subsampling": (2, 2)}
SMALL = (ramp() >> 4).astype("u1")
WIDE = ramp().astype("u2") * 16
# What is written, and the colours that are right in the result.
KINDS: dict[str, tuple[Callable[[Path], None], Samples]] = {
    "jpeg": (write(smooth(), compression="jpeg", **JPEG), decode_jpeg(smooth(), **JPEG)),
    "jpeg-tiles": (
        write(smooth(), compression="jpeg", tile=(32, 32), photometric="ycbcr"),
        decode_jpeg(smooth(), tile=(32, 32), photometric="ycbcr"),
    ),
    "jpeg-grey": (
        write(ramp(), compression="jpeg", photometric="minisblack"),
        decode_jpeg(ramp(), photometric="minisblack"),
    ),
    "palette": (
        write(ramp(), photometric="palette", colormap=TABLE // 256 * 257),
        (TABLE // 256).T[ramp()].astype("u1"),
    ),
    "palette-fine": (write(ramp(), photometric="palette", colormap=TABLE), TABLE.T[ramp()]),
    "fax": (write_fax, (ramp() > 128) * np.uint8(255)),
    "bits": (write(ramp() > 128, photometric="minisblack"), (ramp() > 128) * np.uint8(255)),
    "white-is-zero": (
        write(ramp() > 128, photometric="miniswhite"), (ramp() <= 128) * np.uint8(255),
    ),
    "four-bits": (write(SMALL, photometric="minisblack", bitspersample=4), SMALL * np.uint8(17)),
    "twelve-bits": (
        write(WIDE, photometric="minisblack", bitspersample=12),
        ((WIDE.astype("u4") * 65535 + 2047) // 4095).astype("u2"),
    ),
    "signed": (
        write(ramp().view("i1"), photometric="minisblack"), ramp() ^ np.uint8(128),
    ),
}  # fmt: skip


def add_alpha(path: Path, out: Path, number: int = 0, **options: Any) -> None:
    with open_document(path) as document:
        give(document, out, document.layers[number], **options)


def give(document: Document, out: Path, layer: Layer, **options: Any) -> None:
    results = [LayerResult(layer, ArrayAlpha(ALPHA))]
    document.splice("alpha", out, results, ResultOptions(convert=True, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_an_alpha_beside_plain_samples(kind: str, tmp_path: Path) -> None:
    make_it, expected = KINDS[kind]
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    make_it(path)
    with open_document(path) as document, pytest.raises(DocumentError, match="use --convert"):
        document.check_splice("alpha", out, document.layers)
    add_alpha(path, out)
    with tifffile.TiffFile(out) as file:
        page = file.pages[0]
        found = page.asarray()
        assert page.photometric == (2 if expected.ndim == 3 else 1)
        assert page.extrasamples == (2,)
        assert page.tags[270].value == NOTE
    assert found.dtype == expected.dtype
    assert np.array_equal(found[..., :-1].squeeze(), expected)
    top = 1 if found.dtype.kind == "f" else np.iinfo(found.dtype).max
    assert np.allclose(found[..., -1], ALPHA / 255 * top, atol=0.5 if top > 1 else 1e-6)
    check_the_rest(path, out)


def check_the_rest(path: Path, out: Path, page: int = 1) -> None:
    """The old file is inside the new one, and what differs is how the page is stored."""
    before, after = path.read_bytes(), out.read_bytes()
    assert after[8 : len(before)] == before[8:]
    names = {one.what for one in differences(path, out)}
    allowed = {f"page {page} pixels"} | {f"page {page} tag {code}" for code in STORAGE}
    assert names <= allowed | {f"page {page} sample {number}" for number in range(4)}, names


def test_the_colours_are_those_that_were_seen(tmp_path: Path) -> None:
    """Pillow, which reads through libtiff, sees the page as before."""
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    KINDS["palette"][0](path)
    add_alpha(path, out)
    with Image.open(path) as one, Image.open(out) as two:
        assert two.mode == "RGBA"
        assert np.array_equal(np.asarray(one.convert("RGB")), np.asarray(two)[..., :3])


def test_ycbcr_without_compression(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    stored = np.asarray(Image.fromarray(smooth()).convert("YCbCr"))
    tifffile.imwrite(path, stored, photometric="ycbcr", description=NOTE)
    add_alpha(path, out)
    with tifffile.TiffFile(out) as file:
        assert file.pages[0].photometric == 2
        found = file.pages[0].asarray()
    seen = np.asarray(Image.fromarray(stored, "YCbCr").convert("RGB")).astype(int)
    assert np.abs(found[..., :3] - seen).max() <= 1
    check_the_rest(path, out)


def test_only_the_page_that_was_chosen_is_stored_anew(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(3):
            file.write(smooth(), photometric="ycbcr", compression="jpeg", metadata=None)
    add_alpha(path, out, 1)
    with tifffile.TiffFile(out) as file:
        assert [int(page.compression) for page in file.pages] == [7, 8, 7]
        assert file.pages[1].asarray().shape == (HEIGHT, WIDTH, 4)
    assert all("page 2 " in one.what for one in differences(path, out))


@pytest.mark.parametrize("existing", ["refuse", "replace"])
@pytest.mark.parametrize("sample", ["u4", "u8"])
def test_transparency_that_is_there_already(tmp_path: Path, existing: str, sample: str) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    form = storage_forms.Form("palette", sample, "unassociated")
    storage_forms.write(form, path)
    light, opacity = storage_forms.expect_straight(form)
    assert opacity is not None
    alpha = ramp(*opacity.shape)
    with open_document(path) as document:
        results = [LayerResult(document.layers[0], ArrayAlpha(alpha))]
        document.splice("alpha", out, results, ResultOptions(existing=existing, convert=True))
    with tifffile.TiffFile(out) as file:
        page = file.pages[0]
        assert page.extrasamples == (2,)
        found = page.asarray() / np.iinfo(page.dtype).max
    product = alpha / 255 * (opacity if existing == "refuse" else 1)
    assert np.abs(found[..., 3] - product).max() * 255 <= 1
    assert np.abs(found[..., :3] - light).max() * 255 <= 0.51


@pytest.mark.parametrize("name", ["wide.tif", "rgb.tif", "planar.tif"])
def test_what_needs_no_conversion_is_spliced_as_ever(name: str, tmp_path: Path) -> None:
    path = make(name, tmp_path)
    plain, converted = tmp_path / "plain.tif", tmp_path / "converted.tif"
    with open_document(path) as document:
        results = [LayerResult(document.layers[0], ArrayAlpha(ALPHA))]
        document.splice("alpha", plain, results)
        document.splice("alpha", converted, results, ResultOptions(convert=True))
    assert plain.read_bytes() == converted.read_bytes()


@pytest.mark.parametrize("dtype", ["f8", "i4"])
def test_what_would_lose_bits_is_not_converted(dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, ramp().astype(dtype), photometric="minisblack")
    with pytest.raises(UnsupportedDocument, match="use --as page or --as matte"):
        add_alpha(path, tmp_path / "out.tif")


@pytest.mark.parametrize("suffix", [".psd", ".psb"])
def test_a_bitmap_becomes_grey_with_a_selection(suffix: str, tmp_path: Path) -> None:
    path, out = make("bitmap.psd", tmp_path), tmp_path / f"out{suffix}"
    options = ResultOptions(convert=True)
    with open_document(path) as document:
        layer = document.layers[0]
        shown = document.raster(layer).proxy()[..., 0]
        with pytest.raises(DocumentError, match="use --convert"):
            document.check_splice("selection", out, [layer])
        document.check_splice("selection", out, [layer], options)
        document.splice("selection", out, [LayerResult(layer, ArrayAlpha(ALPHA))], options)
    result = PSDImage.open(out)
    assert (result.color_mode.name, result.depth, result.channels) == ("GRAYSCALE", 8, 2)
    planes = result.numpy()
    assert np.array_equal(np.rint(planes[..., 0] * 255), shown)
    assert np.array_equal(np.rint(planes[..., 1] * 255), ALPHA)
    left = {one.what for one in differences(path, out)} - {"format"}
    assert left <= {"header", "merged image"} | {f"resource {n}" for n in (1006, 1045, 1053, 1077)}
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([path.name, out.name])


def test_several_channels_of_no_mode_have_no_plain_form(tmp_path: Path) -> None:
    path = make("multichannel.psd", tmp_path)
    with (
        open_document(path) as document,
        pytest.raises(UnsupportedDocument, match="use --as matte"),
    ):
        document.check_splice(
            "selection", tmp_path / "out.psd", document.layers, ResultOptions(convert=True)
        )
