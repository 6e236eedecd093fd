"""Kinds that cameras, scanners and scientists write, made here and read by an oracle as well."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from imagemagick import find_convert, needs_imagemagick
from PIL import Image
from samples import Picture, Samples
from splices import splice_alpha

from frisket.documents import ArrayAlpha, DocumentError, Rect, open_document
from frisket.documents.verify import differences

SIZE = 150, 117


def whole(path: Path, layer: int = 0) -> Samples:
    with open_document(path) as document:
        raster = document.raster(document.layers[layer])
        assert raster.proxy(32).dtype == np.uint8
        return raster.read(Rect(0, 0, raster.width, raster.height))


def squeeze(pixels: Samples) -> Samples:
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


LOSSLESS: dict[str, dict[str, Any]] = {
    "lzw-be-16": {"dtype": "u2", "compression": "lzw", "predictor": 2, "byteorder": ">"},
    "lzw-be-32": {"dtype": "u4", "compression": "lzw", "predictor": 2, "byteorder": ">"},
    "deflate-be-float": {"dtype": "f4", "compression": "deflate", "predictor": 3, "byteorder": ">"},
    "float-planar": {
        "dtype": "f4", "compression": "deflate", "predictor": 3, "planarconfig": "separate",
    },
    "float-planar-tiles": {
        "dtype": "f4", "compression": "zstd", "predictor": 3, "planarconfig": "separate",
        "tile": (32, 48), "byteorder": ">",
    },
    "half-float": {"dtype": "f2", "compression": "deflate", "predictor": 3},
    "double": {"dtype": "f8", "tile": (32, 32)},
    "signed": {"dtype": "i2", "compression": "lzw"},
    "zstd-tiles": {"dtype": "u2", "compression": "zstd", "tile": (64, 32), "predictor": 2},
    "lzma": {"dtype": "u1", "compression": "lzma", "rowsperstrip": 7},
    "png": {"dtype": "u1", "compression": "png", "tile": (64, 64)},
    "jpeg2000": {"dtype": "u2", "compression": "jpeg2000", "tile": (64, 64)},
    "jpeg-xl": {"dtype": "u1", "compression": "jpegxl", "tile": (64, 64)},
    "webp": {
        "dtype": "u1", "compression": "webp", "tile": (64, 64),
        "compressionargs": {"lossless": True, "level": 100},
    },
    "packbits-planar-be": {
        "dtype": "u2", "compression": "packbits", "planarconfig": "separate", "byteorder": ">",
    },
    "bigtiff": {"dtype": "u1", "bigtiff": True, "rowsperstrip": 1},
}  # fmt: skip


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_kinds_and_their_alpha(
    kind: str, tmp_path: Path, picture: Picture, disc: Picture
) -> None:
    options = dict(LOSSLESS[kind])
    order, big = options.pop("byteorder", "<"), options.pop("bigtiff", False)
    dtype = np.dtype(options.pop("dtype"))
    pixels = picture(*SIZE, 3, "f4" if dtype.kind == "f" else dtype.str[1:]).astype(dtype)
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    tifffile.imwrite(path, as_stored(pixels, options), photometric="rgb", byteorder=order,
                     bigtiff=big, **options)  # fmt: skip
    assert np.array_equal(squeeze(whole(path)), pixels)
    if kind in ("double", "signed"):
        with pytest.raises(DocumentError, match=r"of (64|16) bits cannot carry an alpha; use"):
            add_alpha(path, out, disc)
        assert not out.exists()
    else:
        add_alpha(path, out, disc)


def as_stored(pixels: Samples, options: dict[str, Any]) -> Samples:
    return np.moveaxis(pixels, -1, 0) if options.get("planarconfig") == "separate" else pixels


def add_alpha(path: Path, out: Path, disc: Picture) -> None:
    """The alpha goes in; tifffile sees the old samples and the new one, and nothing else moved."""
    with tifffile.TiffFile(path) as file:
        before = file.pages[0].asarray()
    alpha = disc(*SIZE, 16 if before.dtype.itemsize > 1 else 8)
    with open_document(path) as document:
        splice_alpha(document, out, document.layers[0], ArrayAlpha(alpha))
    with tifffile.TiffFile(out) as file:
        page = file.pages[0]
        after, planar = page.asarray(), page.planarconfig == 2
        assert page.extrasamples == (2,)
    after = after if planar else np.moveaxis(after, -1, 0)
    if before.ndim == 2:
        before = before[None]
    elif not planar or before.shape[0] > 4:
        before = np.moveaxis(before, -1, 0)
    assert np.array_equal(after[:-1], before)
    top = np.iinfo(after.dtype).max if after.dtype.kind in "ui" else 1
    full = alpha.astype(float) / np.iinfo(alpha.dtype).max * top
    assert np.abs(after[-1] - full).max() <= max(1, top / 65535) * (1 if top > 1 else 1e-3)
    mine = {
        f"page 1 tag {code}" for code in (258, 277, 280, 281, 338, 339, 340, 341, 317, 259, 278)
    }
    left = {str(one) for one in differences(path, out)}
    anew = "page 1 pixels: changed (stored anew, the samples that both have are the same)"
    assert {one.split(":")[0] for one in left - {anew} if "sample" not in one} <= mine, left
    assert {one for one in left if "sample " in one} == {f"page 1 sample {len(before)}: added"}


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 10, 12, 14])
def test_samples_of_odd_bits_fill_their_range(bits: int, tmp_path: Path) -> None:
    top = (1 << bits) - 1
    values = (np.add.outer(np.arange(117), np.arange(150)) % (top + 1)).astype(
        "u1" if bits <= 8 else "u2"
    )
    path = tmp_path / "in.tif"
    if bits in (1,):
        tifffile.imwrite(path, values.astype(bool), photometric="minisblack", bitspersample=1)
    else:
        write_bits(path, values, bits)
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        found = raster.read_srgb(Rect(0, 0, *SIZE))[..., 0].astype(float)
    full = 255 if found.max() <= 255 else 65535
    assert np.abs(found / full - values / top).max() <= 1 / 255


def write_bits(path: Path, values: Samples, bits: int) -> None:
    """Rows of packed samples, as scanners write them."""
    rows = [imagecodecs.packints_encode(row, bits) for row in values]
    tifffile.imwrite(path, np.zeros(values.shape, "u1"), photometric="minisblack")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags
        places = {code: tags[code].offset for code in (258, 273, 279)}
    order = "<"
    import struct

    at = len(data)
    data += b"".join(rows)
    struct.pack_into(order + "HHII", data, places[258], 258, 3, 1, bits)
    struct.pack_into(order + "HHII", data, places[273], 273, 4, 1, at)
    struct.pack_into(order + "HHII", data, places[279], 279, 4, 1, len(b"".join(rows)))
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("sampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_subsampled_jpeg_is_what_tifffile_decodes(
    sampling: str, tmp_path: Path, picture: Picture
) -> None:
    path = tmp_path / "in.tif"
    subsampling = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}[sampling]
    tifffile.imwrite(path, picture(160, 128), photometric="rgb", compression="jpeg",
                     subsampling=subsampling, tile=(64, 64))  # fmt: skip
    assert np.array_equal(whole(path), tifffile.imread(path))


@needs_imagemagick
@pytest.mark.parametrize("compression", ["Group4", "Fax", "RLE", "LZW", "JPEG"])
def test_what_imagemagick_writes(compression: str, tmp_path: Path, picture: Picture) -> None:
    source, path = tmp_path / "in.png", tmp_path / "in.tif"
    bilevel = compression in ("Group4", "Fax")
    Image.fromarray(picture(*SIZE)[..., 0] if bilevel else picture(*SIZE)).save(source)
    options = ["-threshold", "50%", "-type", "bilevel"] if bilevel else []
    command = [find_convert(), str(source), *options, "-compress", compression, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    seen = np.asarray(Image.open(path).convert("L" if bilevel else "RGB"))
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        found = raster.read_srgb(Rect(0, 0, raster.width, raster.height))[..., :3]
    expected = seen[..., None] if bilevel else seen
    assert np.abs(found.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_pages_take_an_upright_alpha(
    orientation: int, tmp_path: Path, picture: Picture, disc: Picture
) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    extra = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(path, picture(*SIZE), photometric="rgb", extratags=extra, rowsperstrip=16)
    with open_document(path) as document:
        layer = document.layers[0]
        alpha = np.ascontiguousarray(disc(layer.width, layer.height))
        alpha[: layer.height // 3] //= 2
        splice_alpha(document, out, layer, ArrayAlpha(alpha))
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(Image.open(out)))
    assert np.array_equal(upright[..., 3], alpha)
    assert np.array_equal(whole(out)[..., 3], alpha)


def test_pyramids_in_subifds_serve_the_proxy(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.ome.tif"
    full = np.full((512, 512, 3), 40, "u1")
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(full, photometric="rgb", subifds=2, tile=(64, 64))
        writer.write(full[::2, ::2] + 60, photometric="rgb", subfiletype=1, tile=(64, 64))
        writer.write(full[::4, ::4] + 120, photometric="rgb", subfiletype=1, tile=(64, 64))
    with open_document(path) as document:
        (layer,) = document.layers
        raster = document.raster(layer)
        assert raster.read(Rect(0, 0, 4, 4)).max() == 40
        assert (raster.proxy(100).min(), raster.proxy(200).min(), raster.proxy(400).min()) == (
            160, 100, 40
        )  # fmt: skip


def test_imagej_stacks_are_pages(tmp_path: Path, picture: Picture) -> None:
    path = tmp_path / "stack.tif"
    stack = np.stack([picture(60, 40, 1)[..., 0] // (n + 1) for n in range(3)])
    tifffile.imwrite(path, stack, imagej=True)
    with open_document(path) as document:
        count = len(document.layers)
        found = [
            document.raster(layer).read(Rect(0, 0, 60, 40))[..., 0] for layer in document.layers
        ]
    assert count == 3
    assert np.array_equal(np.stack(found), stack)


@pytest.mark.parametrize("bits", [8, 16])
def test_palettes_become_their_colours(bits: int, tmp_path: Path) -> None:
    count = 1 << bits
    rng = np.random.default_rng(3)
    colours = rng.integers(0, 65536, (3, count), "u2")
    indices = rng.integers(0, count, (40, 60)).astype("u1" if bits == 8 else "u2")
    path = tmp_path / "palette.tif"
    tifffile.imwrite(path, indices, photometric="palette", colormap=colours)
    with open_document(path) as document:
        found = document.raster(document.layers[0]).read_srgb(Rect(0, 0, 60, 40))
    expected = np.moveaxis(colours[:, indices], 0, -1) / 65535
    assert np.abs(found / 255 - expected).max() <= 1 / 200


def old_lzw(data: bytes) -> bytes:
    """LZW as before TIFF 6: nine-bit codes from the low end, here literals and resets only."""
    codes = [code for i, value in enumerate(data) for code in ([256] * (i % 200 == 0) + [value])]
    bits = "".join(f"{code:09b}"[::-1] for code in [*codes, 257])
    filled = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return bytes(int(filled[i : i + 8][::-1], 2) for i in range(0, len(filled), 8))


def test_lzw_of_before_tiff_6(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64)).astype("u1")
    path = tmp_path / "old.tif"
    tifffile.imwrite(path, pixels, photometric="minisblack", compression="lzw")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[0]
        count = file.pages[0].tags["StripByteCounts"].offset + 8
    stream = old_lzw(pixels.tobytes())
    head = bytearray(path.read_bytes()[:offset])
    head[count : count + 4] = len(stream).to_bytes(4, "little")
    path.write_bytes(bytes(head) + stream)
    np.testing.assert_array_equal(squeeze(whole(path)), pixels)
    np.testing.assert_array_equal(tifffile.imread(path), pixels)
