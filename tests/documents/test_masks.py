"""Masks that replace, multiply and stand beside others; and what other programs see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from corpus import Tally, each_file
from imagemagick import find_convert, needs_imagemagick
from psd_tools import PSDImage
from samples import Picture, Samples
from splices import name_copy, splice_alpha, splice_layer, splice_mask

from frisket.documents import ArrayAlpha, DocumentError, OutputError, Rect, open_document
from frisket.documents.psd import PsdDocument, splice_records
from frisket.documents.psd.rasters import build_channel_raster
from frisket.documents.psd.records import Record
from frisket.documents.psd.splice_preview import PreviewComposer
from frisket.documents.verify import differences
from frisket.documents.write import write_cutout, write_matte


@pytest.fixture
def layered(tmp_path: Path, picture: Picture) -> Path:
    """Two layers of a 120 × 90 document, one outside the canvas in part."""
    from PIL import Image

    document = PSDImage.new("RGB", (120, 90))
    for name, place in (("Background", (0, 0)), ("Figure", (-10, 20))):
        pixels = Image.fromarray(picture(100, 80))
        document.create_pixel_layer(pixels, name=name, top=place[1], left=place[0])
    path = tmp_path / "layered.psd"
    document.save(path)
    return path


def mask_of(path: Path, name: str) -> Samples:
    with open_psd(path) as document:
        record = document.find_node(document.find_layer(name)).record
        raster = build_channel_raster(document, record, -2)
        return raster.read(Rect(0, 0, raster.width, raster.height))[..., 0]


def test_an_existing_mask_is_refused_replaced_or_multiplied(
    layered: Path, tmp_path: Path, disc: Picture
) -> None:
    first, second = tmp_path / "first.psd", tmp_path / "second.psd"
    alpha = disc(100, 80)
    ramp = np.tile(np.linspace(0, 255, 100).astype("u1"), (80, 1))
    with open_document(layered) as document:
        layer = document.find_layer("Figure")
        splice_mask(document, first, {layer: ArrayAlpha(alpha)})
    with open_document(first) as document:
        layer = document.find_layer("Figure")
        assert layer.has_mask
        mask = document.read_mask(layer, Rect(0, 0, 100, 80))
        assert mask is not None
        assert np.array_equal(np.rint(mask * 255), alpha)
        assert document.read_mask(document.find_layer("Background"), Rect(0, 0, 9, 9)) is None
        with pytest.raises(OutputError, match="already has a mask"):
            splice_mask(document, second, {layer: ArrayAlpha(ramp)})
        assert not second.exists()
        splice_mask(document, second, {layer: ArrayAlpha(ramp)}, "replace")
        assert np.array_equal(mask_of(second, "Figure"), ramp)
        splice_mask(document, second, {layer: ArrayAlpha(ramp)}, "multiply")
    expected = (alpha.astype(int) * ramp + 127) // 255
    assert np.array_equal(mask_of(second, "Figure"), expected)


def test_several_layers_at_once_and_the_same_path(layered: Path, disc: Picture) -> None:
    before = layered.read_bytes()
    with open_document(layered) as document:
        layers = document.find_layers(all_layers=True)
        splice_mask(document, layered, {one: ArrayAlpha(disc(100, 80)) for one in layers})
    assert layered.read_bytes() != before
    for name in ("Background", "Figure"):
        assert np.array_equal(mask_of(layered, name), disc(100, 80))
    assert [layer.has_mask() for layer in PSDImage.open(layered)] == [True, True]


def test_psd_tools_sees_mask_and_layer(layered: Path, tmp_path: Path, disc: Picture) -> None:
    out = tmp_path / "out.psd"
    alpha = disc(100, 80)
    with open_document(layered) as document:
        splice_mask(document, out, {document.find_layer("Figure"): ArrayAlpha(alpha)})
    layer = next(one for one in PSDImage.open(out) if one.name == "Figure")
    assert np.array_equal(np.asarray(layer.mask.topil()), alpha)
    assert layer.mask.bbox == layer.bbox
    with open_document(layered) as document:
        splice_layer(document, out, {document.find_layer("Figure"): ArrayAlpha(alpha)})
    names = [(one.name, one.visible) for one in PSDImage.open(out)]
    assert names == [("Background", True), ("Figure", False), ("Figure cutout", True)]


def open_psd(path: Path) -> PsdDocument:
    try:
        document = open_document(path)
    except DocumentError:
        pytest.skip("it cannot be opened")
    assert isinstance(document, PsdDocument)
    return document


def has_more_than_a_rectangle(record: Record) -> bool:
    """Whether the mask has parameters, or stands beside a real user mask."""
    if record.mask is None or not record.width or not record.height:
        return False
    rich = record.mask.length > 20 or record.find_channel(-3) is not None
    return rich and record.find_channel(-2) is not None


@each_file("psd", named=("mask", "real"))
def test_nothing_of_a_replaced_mask_is_left(path: Path, tmp_path: Path, tally: Tally) -> None:
    if "crash" in path.name:
        pytest.skip("built to harm a reader")
    with open_psd(path) as document:
        out = name_copy(document, tmp_path)
        for node in document.nodes:
            mask, record = node.record.mask, node.record
            if mask is None or not has_more_than_a_rectangle(record):
                continue
            alpha = np.full((record.height, record.width), 200, "u1")
            source = ArrayAlpha(alpha if document.depth == 8 else alpha.astype("u2") * 257)
            splice_mask(document, out, {node.layer: source}, "replace")
            with open_psd(out) as result:
                new = result.find_node(node.layer).record
                assert new.mask is not None
                assert (new.mask.parameters.density, new.mask.parameters.feather) == (255, 0)
                vector = record.find_block(b"vmsk", b"vsms") is not None
                kept = mask.parameters.vector if vector else b""
                assert new.mask.parameters.vector == kept
                assert (new.find_channel(-3) is None) == (record.find_channel(-3) is None)
                for channel in new.channels:
                    if channel.id in (-2, -3):
                        raster = build_channel_raster(result, new, channel.id)
                        seen = raster.read(Rect(0, 0, raster.width, raster.height))
                        assert seen.shape[:2] == alpha.shape
                        assert len(np.unique(seen)) == 1
            tally.add("rich masks")


def test_verify_says_what_differs(
    layered: Path, tmp_path: Path, disc: Picture, picture: Picture
) -> None:
    out = tmp_path / "out.psd"
    assert differences(layered, layered) == []
    with open_document(layered) as document:
        splice_mask(document, out, {document.find_layer("Figure"): ArrayAlpha(disc(100, 80))})
    found = {(one.what, one.how) for one in differences(layered, out)}
    assert ("layer Figure mask", "added") in found
    assert {what for what, _ in found} <= {
        "layer Figure mask", "layer Figure mask block", "resource 1057"
    }  # fmt: skip
    data = bytearray(out.read_bytes())
    data[-1] ^= 1
    out.write_bytes(bytes(data))
    assert ("merged image", "changed") in {(one.what, one.how) for one in differences(layered, out)}
    one, two = tmp_path / "one.tif", tmp_path / "two.tif"
    pixels = picture(40, 30)
    tifffile.imwrite(one, pixels, photometric="rgb", description="a")
    pixels[3, 3, 1] ^= 1
    tifffile.imwrite(two, pixels, photometric="rgb", description="b")
    assert {one.what for one in differences(one, two)} == {"page 1 tag 270", "page 1 sample 1"}


def test_the_preview_is_composed_again_where_that_is_exact(
    layered: Path, tmp_path: Path, disc: Picture
) -> None:
    from psd_tools.psd import PSD

    composed, out = tmp_path / "composed.psd", tmp_path / "out.psd"
    with open_psd(layered) as document:
        # The merged image that psd-tools left is none of these layers, so it is only marked.
        figure = document.find_layer("Figure")
        splice_mask(document, out, {figure: ArrayAlpha(disc(100, 80))}, preview="render")
        assert "merged image" not in {one.what for one in differences(layered, out)}
        planes = PreviewComposer(document, {}).compose(0, 90)
        source = document.source.read(0, document.structure.merged_at)
    composed.write_bytes(source + b"\0\0" + planes.astype("u1").tobytes())
    alpha = np.zeros((80, 100), "u1")
    with open_psd(composed) as document:
        figure = document.find_layer("Figure")
        assert PreviewComposer(document, {}).is_exact()
        splice_mask(document, out, {figure: ArrayAlpha(alpha)}, preview="render")
        hidden = {
            **{node.index: ArrayAlpha(alpha) for node in document.nodes if node.layer == figure}
        }
        expected = PreviewComposer(document, hidden).compose(0, 90)
    with out.open("rb") as file:
        psd = PSD.read(file)
    found = [np.frombuffer(plane, "u1") for plane in psd.image_data.get_data(psd.header)]
    assert np.array_equal(np.stack(found).reshape(len(found), 90, 120), expected)
    assert not np.array_equal(expected, planes)


@each_file("psd")
def test_a_preview_that_can_be_composed_is_the_one_stored(path: Path, tally: Tally) -> None:
    with open_psd(path) as document:
        try:
            exact = bool(document.nodes) and PreviewComposer(document, {}).is_exact()
        except DocumentError:
            pytest.skip("its layers are damaged")
    tally.add("exact previews", exact)


def test_enough_was_seen(tally: Tally) -> None:
    tally.require("rich masks", 2)
    tally.require("exact previews", 31)


def test_a_psd_does_not_pass_its_limit(
    layered: Path, tmp_path: Path, disc: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splice_records, "PSD_LIMIT", layered.stat().st_size + 100)
    with open_document(layered) as document, pytest.raises(OutputError, match="two gigabytes"):
        figure = document.find_layer("Figure")
        splice_mask(document, tmp_path / "out.psd", {figure: ArrayAlpha(disc(100, 80))})
    assert [path.name for path in tmp_path.iterdir()] == ["layered.psd"]


@needs_imagemagick
def test_imagemagick_opens_what_was_written(
    layered: Path, tmp_path: Path, picture: Picture, disc: Picture
) -> None:
    alpha, tiff = disc(100, 80), tmp_path / "in.tif"
    tifffile.imwrite(tiff, picture(100, 80), photometric="rgb", compression="lzw")
    with open_document(layered) as document:
        figure = document.find_layer("Figure")
        splice_mask(document, tmp_path / "mask.psd", {figure: ArrayAlpha(alpha)})
        write_cutout(tmp_path / "cutout.png", document, figure, ArrayAlpha(alpha))
    with open_document(tiff) as document:
        layer = document.layers[0]
        splice_alpha(document, tmp_path / "alpha.tif", layer, ArrayAlpha(alpha))
        write_cutout(tmp_path / "cutout.tif", document, layer, ArrayAlpha(alpha))
    for depth in (8, 16):
        write_matte(tmp_path / f"matte{depth}.tif", ArrayAlpha(alpha), depth)
        write_matte(tmp_path / f"matte{depth}.png", ArrayAlpha(alpha), depth)
    for name, options in {
        "mask.psd[2]": ["-alpha", "extract"],
        "cutout.png": ["-alpha", "extract"],
        "alpha.tif": ["-alpha", "extract"],
        "cutout.tif": ["-alpha", "extract"],
        "matte8.tif": [],
        "matte16.tif": [],
        "matte8.png": [],
        "matte16.png": [],
    }.items():
        seen = magick(tmp_path / name, options)
        assert np.abs(seen.astype(int) - alpha).max() <= 1, name


def magick(path: Path, options: list[str]) -> Samples:
    command = [find_convert(), str(path), *options, "-depth", "8", "gray:-"]
    result = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(result.stdout, "u1").reshape(80, 100)
