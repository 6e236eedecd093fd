"""Proxies, colours, orientations, flat images, and what is written from them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from made_documents import colours, make
from PIL import Image, ImageCms
from psd_tools import PSDImage
from samples import Picture, Samples
from splices import splice_alpha

from frisket.documents import ArrayAlpha, ArrayRaster, OutputError, Rect, open_document
from frisket.documents.colour import Colour
from frisket.documents.colour.proxy import BoxMean, WeightedMean
from frisket.documents.write import write_cutout, write_matte
from frisket.protocol.grid import proxy_size


def box_means(pixels: Samples, out: tuple[int, int]) -> Samples:
    """The definition of an area average, slowly."""

    def weights(source: int, size: int) -> Samples:
        edges = np.arange(size + 1) * source / size
        pixel = np.arange(source)
        low = np.maximum(edges[:-1, None], pixel)
        high = np.minimum(edges[1:, None], pixel + 1)
        return np.asarray(np.maximum(high - low, 0) * size / source)

    height, width = pixels.shape[:2]
    rows, columns = weights(height, out[1]), weights(width, out[0])
    return np.asarray(np.einsum("iy,yxc,jx->ijc", rows, pixels.astype(float), columns))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    side=st.integers(1, 40),
    tile=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    deep=st.booleans(),
)
def test_proxies_are_area_averages_however_the_blocks_are_cut(
    width: int, height: int, side: int, tile: tuple[int, int], deep: bool
) -> None:
    rng = np.random.default_rng(width * 97 + height)
    kind = np.uint16 if deep else np.uint8
    pixels = rng.integers(0, np.iinfo(kind).max + 1, (height, width, 3)).astype(kind)
    out = proxy_size(width, height, side)
    mean = BoxMean((width, height), out, 3, int(np.iinfo(kind).max))
    for y in range(0, height, tile[1]):
        for x in range(0, width, tile[0]):
            mean.add(pixels[y : y + tile[1], x : x + tile[0]], x, y)
    found = mean.mean(np.dtype(kind)).astype(float)
    assert np.abs(found - box_means(pixels, out)).max() <= 0.5001


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(2, 60),
    height=st.integers(2, 60),
    side=st.integers(1, 30),
    tile=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    deep=st.booleans(),
)
def test_proxies_of_what_is_partly_opaque_do_not_depend_on_blocks(
    width: int, height: int, side: int, tile: tuple[int, int], deep: bool
) -> None:
    rng = np.random.default_rng(width * 97 + height)
    kind = np.uint16 if deep else np.uint8
    top = int(np.iinfo(kind).max)
    pixels = rng.integers(0, top + 1, (height, width, 4)).astype(kind)
    pixels[: height // 2, :, 3], pixels[height // 2 :, : width // 2, 3] = top, 0
    size, out = (width, height), proxy_size(width, height, side)
    whole, cut, apart = (WeightedMean(size, out, 4, top) for _ in range(3))
    whole.add(pixels, 0, 0)
    for y in range(0, height, tile[1]):
        for x in range(0, width, tile[0]):
            block = pixels[y : y + tile[1], x : x + tile[0]]
            cut.add(block, x, y)
            apart.add_planes([block[..., number] for number in range(4)], x, y)
    found = whole.mean(np.dtype(kind))
    assert np.array_equal(found, cut.mean(np.dtype(kind)))
    assert np.array_equal(found, apart.mean(np.dtype(kind)))


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_a_layer_of_planes_is_seen_as_its_pixels_are(tmp_path: Path, mode: str) -> None:
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (61, 90, 3), np.uint8)).convert(mode)
    document = PSDImage.new(mode, (100, 80))
    document.append(document.create_pixel_layer(picture, name="Planes"))
    document.save(tmp_path / "planes.psd")
    with open_document(tmp_path / "planes.psd") as opened:
        raster = opened.raster(opened.find_layer("Planes"))
        whole = Rect(0, 0, raster.width, raster.height)
        pixels = ArrayRaster(raster.read(whole), raster.mode, raster.colour, raster.has_alpha)
        assert np.array_equal(raster.proxy(32), pixels.proxy(32))
        part = Rect(5, 7, 40, 20)
        for rect in (part, whole):
            assert np.array_equal(raster.read_colours(rect), raster.read_srgb(rect)[..., :3])
            assert np.array_equal(raster.read_srgb(rect), pixels.read_srgb(rect))


def test_what_is_transparent_does_not_colour_the_proxy() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 1] = 255  # green that nobody sees
    pixels[::2, ::2] = (200, 100, 50, 255)
    raster = ArrayRaster(pixels, "RGB", Colour("RGB"), True)
    proxy = raster.proxy(16)
    assert np.abs(proxy[..., :3].astype(int) - (200, 100, 50)).max() <= 1
    assert np.abs(proxy[..., 3].astype(int) - 64).max() <= 1


@pytest.mark.parametrize("options", [
    {"rowsperstrip": 5},
    {"tile": (16, 32)},
    {"tile": (64, 64), "compression": "deflate", "predictor": 2},
    {"compression": "lzw", "rowsperstrip": 11},
    {"planarconfig": "separate", "rowsperstrip": 9},
    {"bigtiff": True, "byteorder": ">"},
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_the_layout_of_a_tiff_does_not_change_what_is_seen(
    tmp_path: Path, picture: Picture, options: dict[str, Any], dtype: str
) -> None:
    pixels = picture(301, 217, 3, dtype)
    stored = np.moveaxis(pixels, -1, 0) if "planarconfig" in options else pixels
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", rowsperstrip=217)
    tifffile.imwrite(tmp_path / "b.tif", stored, photometric="rgb", **options)
    with open_document(tmp_path / "a.tif") as a, open_document(tmp_path / "b.tif") as b:
        first, second = a.raster(a.layers[0]), b.raster(b.layers[0])
        assert np.array_equal(first.proxy(50), second.proxy(50))
        assert np.array_equal(second.read(Rect(10, 20, 100, 50)), pixels[20:70, 10:110])
        assert np.array_equal(np.concatenate([band for _, band in second.bands()]), pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, picture: Picture, disc: Picture, orientation: int) -> None:
    pixels, path = picture(61, 47), tmp_path / "turned.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    with open_document(path) as document:
        layer = document.layers[0]
        raster = document.raster(layer)
        assert (layer.width, layer.height) == upright.shape[1::-1]
        assert np.array_equal(raster.read(Rect(0, 0, layer.width, layer.height)), upright)
        assert np.array_equal(raster.read(Rect(3, 5, 20, 17)), upright[5:22, 3:23])
        assert np.array_equal(np.concatenate([band for _, band in raster.bands()]), upright)
        alpha = disc(layer.width, layer.height)
        splice_alpha(document, tmp_path / "out.tif", layer, ArrayAlpha(alpha))
    with open_document(tmp_path / "out.tif") as document:
        after = document.raster(document.layers[0])
        assert np.array_equal(after.read(Rect(0, 0, after.width, after.height))[..., 3], alpha)


def test_a_pyramid_level_serves_the_proxy(tmp_path: Path, picture: Picture) -> None:
    pixels, path = picture(512, 384), tmp_path / "pyramid.tif"
    small = np.full((96, 128, 3), 77, np.uint8)  # not what averaging would give
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels, photometric="rgb", tile=(128, 128), subifds=1)
        writer.write(small, photometric="rgb", tile=(128, 128), subfiletype=1)
    with open_document(path) as document:
        assert len(document.layers) == 1
        raster = document.raster(document.layers[0])
        assert (raster.proxy(100) == 77).all()
        assert not (raster.proxy(256) == 77).all()


def profile(space: Literal["sRGB", "LAB", "XYZ"]) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def test_the_profile_of_srgb_changes_nothing(picture: Picture) -> None:
    pixels = picture(50, 40)
    colour = Colour("RGB", profile("sRGB"))
    assert np.array_equal(colour.native_to_srgb(pixels), pixels)


@pytest.mark.parametrize(("mode", "samples", "white", "black"), [
    ("GRAY", 1, (255,), (0,)),
    ("CMYK", 4, (0, 0, 0, 0), (0, 0, 0, 255)),
    ("LAB", 3, (255, 128, 128), (0, 128, 128)),
    ("YCBCR", 3, (255, 128, 128), (0, 128, 128)),
])  # fmt: skip
def test_white_is_white_in_every_mode(
    mode: str, samples: int, white: tuple[int, ...], black: tuple[int, ...]
) -> None:
    pixels = np.array([[white, black]], np.uint8)
    for depth in (np.uint8, np.uint16):
        values: Samples = pixels.astype(depth) * (
            257 if depth == np.uint16 and mode in ("GRAY", "CMYK") else 1
        )
        if depth == np.uint16 and mode not in ("GRAY", "CMYK"):
            values = pixels.astype(depth) << 8 | (pixels.astype(depth) & 255) * (pixels > 128)
        top = int(np.iinfo(depth).max)
        seen = Colour(mode, colours=samples).native_to_srgb(values).astype(float) / top
        assert np.abs(seen[0, 0] - 1).max() < 0.02
        assert np.abs(seen[0, 1]).max() < 0.02


def test_inverted_indexed_and_premultiplied() -> None:
    grey = np.array([[[0], [255]]], np.uint8)
    assert Colour("GRAY", colours=1, inverted=True).native_to_srgb(grey)[0, 0].tolist() == [255] * 3
    palette = np.array([[9, 8, 7], [1, 2, 3]], np.uint8)
    index = np.array([[[1], [0], [200]]], np.uint8)
    seen = Colour("INDEXED", palette=palette, colours=1).native_to_srgb(index)
    assert seen[0].tolist() == [[1, 2, 3], [9, 8, 7], [1, 2, 3]]
    half = np.array([[[50, 0, 0, 128]]], np.uint8)
    assert Colour("RGB", premultiplied=True).native_to_srgb(half)[0, 0].tolist()[0] in (99, 100)


def test_floats_are_linear_light_and_highlights_clip() -> None:
    pixels = np.array([[[0.0, 0.5, 4.0]]], np.float32)
    seen = Colour("RGB").native_to_srgb(pixels)[0, 0] / 65535
    assert seen == pytest.approx([0, 0.735, 1], abs=0.001)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "grey.png", "palette.png"])
def test_flat_images(tmp_path: Path, picture: Picture, name: str) -> None:
    path, pixels = tmp_path / name, picture(90, 70)
    image = Image.fromarray(pixels)
    image = {"grey.png": image.convert("L"), "palette.png": image.convert("P")}.get(name, image)
    image.save(path)
    with open_document(path) as document:
        raster = document.raster(document.find_layer(None))
        assert raster.read_srgb(Rect(0, 0, 90, 70)).shape == (70, 90, 3)
        decoded = np.asarray(Image.open(path).convert("RGB"))
        assert np.array_equal(raster.read_srgb(Rect(0, 0, 90, 70)), decoded)


def test_jpegs_are_turned_upright(tmp_path: Path, picture: Picture) -> None:
    path, exif = tmp_path / "turned.jpg", Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(90, 70)).save(path, exif=exif)
    with open_document(path) as document:
        assert (document.width, document.height) == (70, 90)
        assert document.raster(document.layers[0]).read(Rect(0, 0, 70, 90)).shape == (90, 70, 3)


def test_deep_pngs_keep_their_depth(tmp_path: Path, picture: Picture) -> None:
    import imagecodecs

    pixels, path = picture(40, 30, 4, "u2"), tmp_path / "deep.png"
    path.write_bytes(imagecodecs.png_encode(pixels))
    with open_document(path) as document:
        layer = document.layers[0]
        assert (layer.depth, layer.has_alpha) == (16, True)
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, 40, 30)), pixels)


def test_deep_pngs_of_other_kinds_are_what_they_hold(tmp_path: Path) -> None:
    grey, turned = make("deep-grey-alpha.png", tmp_path), make("deep-turned.png", tmp_path)
    with open_document(grey) as document:
        (layer,) = document.layers
        assert (layer.mode, layer.depth, layer.has_alpha) == ("GRAY", 16, True)
        pixels = document.raster(layer).read(Rect(0, 0, layer.width, layer.height))
        assert np.array_equal(pixels, colours(2, "u2"))
        opaque = np.full((layer.height, layer.width), 65535, "u2")
        write_cutout(tmp_path / "out.tif", document, layer, ArrayAlpha(opaque))
    page = tifffile.TiffFile(tmp_path / "out.tif").pages[0]
    assert page.photometric.name == "MINISBLACK"
    assert np.array_equal(page.asarray()[..., -1], colours(2, "u2")[..., 1])
    with open_document(turned) as document:
        raster = document.raster(document.layers[0])
        pixels = raster.read(Rect(0, 0, document.width, document.height))
        assert np.array_equal(pixels, np.rot90(colours(3, "u2"), -1))


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("size", [(1, 1), (700, 30), (513, 1100)])
def test_mattes_are_written_exactly(
    tmp_path: Path, disc: Picture, suffix: str, depth: int, size: tuple[int, int]
) -> None:
    alpha, out = disc(*size, depth), tmp_path / f"matte{suffix}"
    write_matte(out, ArrayAlpha(alpha), depth)
    found = tifffile.imread(out) if suffix == ".tif" else np.asarray(Image.open(out))
    assert np.array_equal(found, alpha)


def test_solid_tiles_cost_nothing(tmp_path: Path) -> None:
    write_matte(tmp_path / "a.tif", ArrayAlpha(np.zeros((4000, 4000), np.uint8)))
    assert (tmp_path / "a.tif").stat().st_size < 4000


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("samples", [1, 3])
def test_cutouts_keep_depth_colours_and_profile(
    tmp_path: Path, picture: Picture, disc: Picture, suffix: str, dtype: str, samples: int
) -> None:
    pixels, path, out = (
        picture(600, 530, samples, dtype),
        tmp_path / "a.tif",
        tmp_path / f"o{suffix}",
    )
    photometric = "rgb" if samples == 3 else "minisblack"
    icc = profile("sRGB")
    tifffile.imwrite(path, pixels.squeeze(), photometric=photometric, iccprofile=icc)
    alpha = disc(600, 530)
    with open_document(path) as document:
        write_cutout(out, document, document.layers[0], ArrayAlpha(alpha))
    with open_document(out) as result:
        assert result.icc_profile == (icc if samples > 2 else None)  # it is one for RGB
        found = result.raster(result.layers[0]).read(Rect(0, 0, 600, 530))
    assert np.array_equal(found[..., :-1], pixels * (alpha > 0)[..., None].astype(dtype))
    assert np.array_equal(found[..., -1], alpha if dtype == "u1" else alpha.astype("u2") * 257)


class Fresh:
    """Colours that replace those of the document."""

    def __init__(self, values: Samples) -> None:
        self.values = values

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        return self.values[rect.y : rect.bottom, rect.x : rect.right]


def test_cutouts_take_replaced_colours_and_respect_transparency(
    tmp_path: Path, picture: Picture, disc: Picture
) -> None:
    pixels, path, out = picture(60, 50, 4), tmp_path / "a.png", tmp_path / "o.png"
    Image.fromarray(pixels).save(path)
    alpha = disc(60, 50)
    fresh = np.full((50, 60, 3), 9, np.uint8)
    with open_document(path) as document:
        colours = Fresh(fresh)
        write_cutout(out, document, document.layers[0], ArrayAlpha(alpha), colours)
    found = np.asarray(Image.open(out))
    expected = np.rint(alpha.astype(float) * pixels[..., 3] / 255)
    assert np.abs(found[..., 3] - expected).max() <= 1
    assert set(np.unique(found[..., :3][found[..., 3] > 0])) == {9}


def test_webp_and_what_cannot_be_written(tmp_path: Path, picture: Picture, disc: Picture) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(picture(60, 50)).save(path)
    with open_document(path) as document:
        layer, alpha = document.layers[0], ArrayAlpha(disc(60, 50))
        write_cutout(tmp_path / "o.webp", document, layer, alpha)
        assert Image.open(tmp_path / "o.webp").mode == "RGBA"
        with pytest.raises(OutputError, match=r"\.gif"):
            write_cutout(tmp_path / "o.gif", document, layer, alpha)
        with pytest.raises(OutputError, match=r"\.jpg"):
            write_matte(tmp_path / "o.jpg", alpha)


def test_the_output_may_be_the_input(tmp_path: Path, picture: Picture, disc: Picture) -> None:
    path = tmp_path / "a.tif"
    pixels = picture(60, 50)
    tifffile.imwrite(path, pixels, photometric="rgb")
    with open_document(path) as document:
        splice_alpha(document, path, document.layers[0], ArrayAlpha(disc(60, 50)))
    assert np.array_equal(tifffile.imread(path)[..., :3], pixels)


def test_the_import_is_cheap() -> None:
    code = (
        "import sys, frisket.documents; print([m for m in sys.modules if m in "
        + repr(("numpy", "tifffile", "PIL", "imagecodecs", "psd_tools"))
        + "])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )  # fmt: skip
    assert found.stdout.strip() == "[]"
