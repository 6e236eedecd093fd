"""OpenEXR: read by OpenImageIO, written here, and read again by OpenImageIO."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from samples import Samples

from frisket.documents import (
    ArrayAlpha,
    DocumentError,
    LayerResult,
    Rect,
    ResultOptions,
    UnsupportedDocument,
    differences,
    open_document,
)
from frisket.documents.core.pixels import convert_depth
from frisket.jobs.deliver import DELIVERIES

oiio = pytest.importorskip("OpenImageIO", reason="needs the extra exr")
WIDTH, HEIGHT = 150, 70
P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)


def scene(channels: int = 4) -> Samples:
    """Light, premultiplied where it has transparency, in numbers that halves hold."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = np.stack([x / WIDTH, y / HEIGHT, (x + y) / 440], -1)[..., : min(channels, 3)]
    light[:8, :20] = 40  # a lamp
    if channels in (2, 4):
        alpha = np.clip((x - 20) / 40, 0, 1)[..., None]
        light = np.concatenate([light[..., : channels - 1] * alpha, alpha], -1)
    return np.asarray(light, np.float16).astype(np.float32)


def write(
    path: Path, values: Samples, names: Sequence[str] = ("R", "G", "B", "A"), kind: str = "half",
    **told: Any,
) -> Path:  # fmt: skip
    spec = oiio.ImageSpec(values.shape[1], values.shape[0], values.shape[2], kind)
    spec.channelnames = tuple(names)
    spec.tile_width = spec.tile_height = told.pop("tile", 0)
    spec.x, spec.y = told.pop("at", (0, 0))
    canvas = told.pop("canvas", (spec.x, spec.y, spec.width, spec.height))
    spec.full_x, spec.full_y, spec.full_width, spec.full_height = canvas
    for name, value in told.items():
        if isinstance(value, tuple):
            spec.attribute(name, f"float[{len(value)}]", value)
        else:
            spec.attribute(name, value)
    out = oiio.ImageOutput.create("exr")
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(np.ascontiguousarray(values, np.float32)), out.geterror()
    out.close()
    return path


def load(path: Path) -> tuple[Samples, Any]:
    found = oiio.ImageInput.open(str(path))
    return found.read_image(0, 0, 0, found.spec().nchannels, "float"), found.spec()


def cut(
    path: Path, out: Path, alpha: Samples | None = None, kind: str = "cutout", **how: Any
) -> str:
    row, options = DELIVERIES[kind], ResultOptions(**how)
    with open_document(path) as document:
        layer = document.find_layer(None)
        shape = layer.height, layer.width
        mask = ArrayAlpha(np.full(shape, 65535, "u2") if alpha is None else alpha)
        row.check(document, out, [layer], options)
        row.write(document, out, [LayerResult(layer, mask)], options)
        return row.tell_lost(document, out, [layer])


@pytest.mark.parametrize("compression", ["none", "rle", "zips", "zip", "piz", "pxr24", "dwaa"])
@pytest.mark.parametrize("tile", [0, 32])
def test_scanlines_and_tiles_of_every_compression_are_read(
    compression: str, tile: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "in.exr", scene(), tile=tile, compression=compression)
    with open_document(path) as document:
        [layer] = document.layers
        assert (layer.mode, layer.depth, layer.has_alpha) == ("RGB", 32, True)
        raster = document.raster(layer)
        assert raster.form == document.describe_pixels(layer)
        found = raster.read(Rect(0, 0, WIDTH, HEIGHT))
        assert np.abs(found - scene()).max() < (0.3 if compression == "dwaa" else 1e-6)
        assert np.array_equal(raster.read(Rect(33, 21, 40, 30)), found[21:51, 33:73])
        swept = np.concatenate([rows for _, rows in raster.bands()])
        assert np.array_equal(swept, found)


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("names", ["Y", "YA", "RGB", "RGBA"])
def test_every_set_of_channels(names: str, kind: str, tmp_path: Path) -> None:
    values = scene(len(names))
    path = write(tmp_path / "in.exr", values, tuple(names), kind)
    with open_document(path) as document:
        [layer] = document.layers
        assert (layer.mode, layer.has_alpha) == ("GRAY" if "Y" in names else "RGB", "A" in names)
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, WIDTH, HEIGHT)), values)
    said = cut(path, tmp_path / "out.exr")
    found, spec = load(tmp_path / "out.exr")
    assert str(spec.format) == "half"
    assert spec.channelnames == (("Y", "A") if "Y" in names else ("R", "G", "B", "A"))
    if "A" not in names:
        values = np.concatenate([values, np.ones((HEIGHT, WIDTH, 1))], -1)
    wanted = np.where(values[..., -1:] > 0, values, 0)
    assert np.abs(found - wanted).max() <= 40 / 1024
    assert ("halves cannot tell apart" in said) == (kind == "float")


def test_a_cutout_is_multiplied_by_its_alpha(tmp_path: Path) -> None:
    path = write(tmp_path / "in.exr", scene(3), ("R", "G", "B"))
    alpha = np.zeros((HEIGHT, WIDTH), "u2")
    alpha[20:, 60:], alpha[40:, 60:] = 65535, 32768
    assert cut(path, tmp_path / "out.exr", alpha) == ""
    found, _ = load(tmp_path / "out.exr")
    shares = alpha[..., None] / 65535
    assert np.abs(found - np.concatenate([scene(3) * shares, shares], -1)).max() < 1 / 1024
    assert not found[:20].any()


def test_windows_are_places_and_go_along(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in.exr", scene(), at=(-10, 30), canvas=(20, 10, 120, 90), chromaticities=P3,
        Copyright="Someone", DateTime="2024:01:02 03:04:05", XResolution=300.0, YResolution=300.0,
        ResolutionUnit="in",
    )  # fmt: skip
    with open_document(path) as document:
        [layer] = document.layers
        assert (document.width, document.height) == (120, 90)
        assert (layer.x, layer.y, layer.width, layer.height) == (-30, 20, WIDTH, HEIGHT)
    assert cut(path, tmp_path / "out.exr") == ""
    cut(path, tmp_path / "matte.exr", kind="matte")
    for name in ("out.exr", "matte.exr"):
        _, spec = load(tmp_path / name)
        assert (spec.x, spec.y, spec.width, spec.height) == (-10, 30, WIDTH, HEIGHT)
        assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (20, 10, 120, 90)
        assert spec.getattribute("Copyright") == "Someone"
        assert spec.getattribute("DateTime") == "2024:01:02 03:04:05"
        assert spec.getattribute("XResolution") == 300
    _, spec = load(tmp_path / "out.exr")
    assert spec.getattribute("chromaticities") == pytest.approx(P3)
    said = cut(path, tmp_path / "out.tif")
    assert said == "out.tif is written without its place on a canvas of 120 × 90."
    assert tifffile.TiffFile(tmp_path / "out.tif").pages[0].tags[282].value == (300, 1)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_matte_is_one_channel(depth: int, tmp_path: Path) -> None:
    path = write(tmp_path / "in.exr", scene())
    alpha = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype("u2")
    cut(path, tmp_path / "out.exr", alpha, "matte", depth=depth)
    found, spec = load(tmp_path / "out.exr")
    assert spec.channelnames == ("Y",)
    top = (1 << depth) - 1
    assert np.array_equal(np.rint(found[..., 0] * top), convert_depth(alpha, depth))


def test_light_is_seen_in_its_range_and_primaries(tmp_path: Path) -> None:
    shares = np.full((40, 60, 3), 0.2, np.float32)
    shares[:20] = 0.1, 0.5, 0.2
    path = write(tmp_path / "in.exr", shares, ("R", "G", "B"), chromaticities=P3)
    with open_document(path) as document:
        seen = document.raster(document.layers[0]).proxy() / 255
    wanted = np.array([0.1 * 1.2249 - 0.5 * 0.2247, 0.5 * 1.0419 - 0.1 * 0.042,
                       0.2 * 1.0979 - 0.1 * 0.0197 - 0.5 * 0.0786])  # fmt: skip
    wanted = 1.055 * np.maximum(wanted, 0.0031308) ** (1 / 2.4) - 0.055
    assert np.abs(seen[5, 5] - wanted).max() < 3 / 255
    assert np.ptp(seen[30, 30]) < 1.5 / 255  # grey stays grey


@pytest.mark.parametrize("scale", [1e-3, 1e-2, 1, 100, 1e4])
def test_dim_and_bright_scenes_are_exposed(scale: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    light = np.exp(rng.normal(-1.7, 0.7, (HEIGHT, WIDTH, 3))).astype("f4")
    path = write(tmp_path / "in.exr", light * scale, ("R", "G", "B"), "float")
    with open_document(path) as document:
        seen = document.raster(document.layers[0]).proxy()
    low, middle, high = np.percentile(seen, (5, 50, 95))
    assert 60 < middle < 170 and high - low > 50


def test_layers_by_channel_names_are_layers(tmp_path: Path) -> None:
    values = np.concatenate([scene(3) * 0.5, scene(4), scene(1)], -1)
    names = ("fog.R", "fog.G", "fog.B", "R", "G", "B", "A", "Z")
    path = write(tmp_path / "in.exr", values, names)
    with open_document(path) as document:
        assert [one.path for one in document.layers] == ["Image", "fog"]
        whole = Rect(0, 0, WIDTH, HEIGHT)
        for layer, wanted in zip(document.layers, (scene(4), scene(3) * 0.5), strict=True):
            assert np.abs(document.raster(layer).read(whole) - wanted).max() < 1e-2
        assert document.find_layer("fog").mode == "RGB"
    said = cut(path, tmp_path / "out.exr")
    assert said == "out.exr is written without its other channels (layer fog, Z)."


def test_verify_tells_what_differs_of_layers_and_places(tmp_path: Path) -> None:
    names = ("fog.R", "fog.G", "fog.B", "R", "G", "B")
    values = np.concatenate([scene(3) * 0.5, scene(3)], -1)
    write(tmp_path / "a.exr", values, names)
    values[5, 5, 1] = 3
    write(tmp_path / "b.exr", values, names, at=(1, 0), canvas=(0, 0, WIDTH, HEIGHT))
    found = [one.what for one in differences(tmp_path / "a.exr", tmp_path / "b.exr")]
    assert {"pixels of layer fog", "place of layer fog", "place of layer Image"} <= set(found)
    assert "pixels of layer Image" not in found
    assert differences(tmp_path / "a.exr", tmp_path / "a.exr") == []


def test_other_documents_become_light(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:50]
    values = np.stack([x * 5, y * 6, x + y], -1).astype("u1")
    Image.fromarray(values).save(tmp_path / "in.png")
    assert cut(tmp_path / "in.png", tmp_path / "out.exr") == ""
    found, _ = load(tmp_path / "out.exr")
    shares = values / 255
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    assert np.abs(found[..., :3] - light).max() < 1 / 2000
    tifffile.imwrite(tmp_path / "in.tif", scene(3), photometric="rgb")
    cut(tmp_path / "in.tif", tmp_path / "out.exr")
    assert np.abs(load(tmp_path / "out.exr")[0][..., :3] - scene(3)).max() == 0


def test_what_openexr_has_no_room_for_is_named(tmp_path: Path) -> None:
    told = Image.Exif()
    told[0x8298], told[0x010F], told[0x013B] = "2024 Someone", "A Camera", "A. Painter"
    told.get_ifd(0x8769)[0x9003] = "2024:01:02 03:04:05"
    icc = (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))).tobytes()
    image = Image.new("RGB", (20, 10), (90, 20, 200))
    image.save(tmp_path / "in.jpg", exif=told, xmp=b"<x/>", icc_profile=icc, dpi=(300, 300))
    assert cut(tmp_path / "in.jpg", tmp_path / "o.exr") == (
        "o.exr is written without the rest of its EXIF, its XMP."
    )
    _, spec = load(tmp_path / "o.exr")
    assert spec.getattribute("Copyright") == "2024 Someone"
    assert round(spec.getattribute("XResolution")) == 300
    with open_document(tmp_path / "o.exr") as document:
        tags = document.tell_beside(document.layers[0]).description.main
    assert {tag.code: tag.values for tag in tags} == {
        0x010F: b"A Camera\0", 0x013B: b"A. Painter\0", 0x8298: b"2024 Someone\0",
    }  # fmt: skip
    data = np.full((10, 20, 3), 30000, "u2")
    tifffile.imwrite(tmp_path / "in.tif", data, photometric="rgb", iccprofile=wide_profile())
    assert cut(tmp_path / "in.tif", tmp_path / "o.exr") == (
        "o.exr is written without colours that sRGB has not, what halves cannot tell apart."
    )


def wide_profile() -> bytes:
    """The sRGB profile with the colours of its red and its blue exchanged."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return icc.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def test_what_is_brighter_than_any_half_stays_a_number(tmp_path: Path) -> None:
    values = scene(3)
    values[0, 0], values[0, 1], values[0, 2] = 1e9, np.inf, np.nan
    path = write(tmp_path / "in.exr", values, ("R", "G", "B"), "float")
    cut(path, tmp_path / "out.exr")
    found, _ = load(tmp_path / "out.exr")
    assert np.isfinite(found).all() and found[0, 0, 0] == 65504


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "in.exr", scene())
    Image.new("RGB", (20, 10)).save(tmp_path / "in.png")
    monkeypatch.setitem(sys.modules, "OpenImageIO", None)
    with pytest.raises(UnsupportedDocument, match=r'pip install "\.\[exr\]"'):
        open_document(path)
    cut(tmp_path / "in.png", tmp_path / "out.exr")  # writing needs nothing
    assert (tmp_path / "out.exr").stat().st_size > 300


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "in.exr", scene(1), ("Z",))
    with pytest.raises(UnsupportedDocument, match="channels R, G and B, or Y"):
        open_document(path)


def exercise(path: Path) -> None:
    try:
        with open_document(path) as document:
            layer = document.find_layer(None)
            if layer.width * layer.height < 1 << 20:
                document.raster(layer).proxy(32)
    except DocumentError as error:
        assert "\n" not in str(error) and path.name in str(error)


@pytest.mark.parametrize("tile", [0, 32])
def test_truncated_anywhere(tile: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "in.exr", scene(), tile=tile).read_bytes()
    path = tmp_path / "cut.exr"
    for length in range(4, len(data) - 1, max(1, len(data) // 150)):
        path.write_bytes(data[:length])
        with pytest.raises(DocumentError) as caught, open_document(path) as document:
            document.raster(document.layers[0]).proxy(32)
        assert "\n" not in str(caught.value) and "cut.exr" in str(caught.value)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)),
        min_size=1, max_size=5,
    ),
    early=st.booleans(),
    tile=st.sampled_from([0, 32]),
)  # fmt: skip
def test_bytes_changed_anywhere(
    changes: list[tuple[float, bytes]], early: bool, tile: int, tmp_path: Path
) -> None:
    data = bytearray(write(tmp_path / "in.exr", scene(), tile=tile).read_bytes())
    for where, what in changes:
        start = int(where * (500 if early else len(data)))
        data[start : start + len(what)] = what
    path = tmp_path / "bad.exr"
    path.write_bytes(bytes(data))
    exercise(path)


def test_no_damage_ends_the_program_or_reaches_the_terminal(tmp_path: Path) -> None:
    """Messages of a library would come from its own code, and at the end of the program."""
    rng, files = random.Random(5), []
    data = write(tmp_path / "in.exr", scene()).read_bytes()
    for number in range(60):
        bad = bytearray(data[: rng.randrange(8, len(data))] if number % 2 else data)
        for _ in range(4):
            bad[rng.randrange(4, min(len(bad), 600))] = rng.randrange(256)
        files.append(tmp_path / f"{number}.exr")
        files[-1].write_bytes(bytes(bad))
    script = (
        "import sys\nfrom frisket.documents import DocumentError, open_document\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        with open_document(path) as document:\n"
        "            layer = document.find_layer(None)\n"
        "            if layer.width * layer.height < 1 << 20: document.raster(layer).proxy(32)\n"
        "    except DocumentError: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
