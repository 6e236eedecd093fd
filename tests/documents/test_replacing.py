"""Replaced masks, selections and alphas: as if the old one had not been there."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_documents import (
    HEIGHT,
    WIDTH,
    colours,
    make,
    psd_channel,
    psd_document,
    psd_layer,
    ramp,
    vector_mask,
)
from psd_tools import PSDImage
from samples import Samples
from splices import splice_mask

from frisket.documents import (
    ArrayAlpha,
    DocumentError,
    LayerResult,
    Rect,
    ResultOptions,
    open_document,
)
from frisket.documents.psd import PsdDocument
from frisket.documents.psd.rasters import build_channel_raster, open_merged_plane
from frisket.documents.verify import differences

BOX = (0, 0, HEIGHT, WIDTH)
WHOLE = Rect(0, 0, WIDTH, HEIGHT)
MERGED = bytes(WIDTH * HEIGHT * 3)


def masked(
    path: Path,
    old: Samples,
    parameters: bytes = b"",
    real: Samples | None = None,
    blocks: bytes = b"",
) -> Path:
    """A PSD of one white layer with a mask, its parameters, and a real user mask."""
    flags = 0x10 if parameters else 0
    mask = struct.pack(">4i2B", *BOX, 0, flags)
    white = np.full((HEIGHT, WIDTH), 255, "u1")
    channels = [(number, psd_channel(white)) for number in range(3)]
    channels.append((-2, psd_channel(old)))
    if real is not None:
        channels.append((-3, psd_channel(real)))
        mask += struct.pack(">2B4i", 0, 0, *BOX)
    mask += parameters
    mask += bytes(-len(mask) % 4)
    layer = psd_layer("Figure", BOX, channels, mask, blocks)
    path.write_bytes(psd_document("RGB", MERGED, [layer], channels=3))
    return path


def read_masks(path: Path) -> dict[int, Samples]:
    with PsdDocument(path) as document:
        record = document.find_node(document.find_layer("Figure")).record
        return {
            number: build_channel_raster(document, record, number).read(WHOLE)[..., 0]
            for number in (-2, -3)
            if record.find_channel(number)
        }


def cut(path: Path, out: Path, alpha: Samples, existing: str) -> None:
    with open_document(path) as document:
        layer = document.find_layer("Figure")
        splice_mask(document, out, {layer: ArrayAlpha(alpha)}, existing)


DENSITY, FEATHER = struct.pack(">BB", 0b1, 102), struct.pack(">Bd", 0b10, 12.0)
VECTOR = struct.pack(">BBdBd", 0b1111, 102, 12.0, 77, 3.5)
HALF = np.where(np.arange(WIDTH) < WIDTH // 2, 255, 0) * np.ones((HEIGHT, 1))
HALF = HALF.astype("u1")


@pytest.mark.parametrize("parameters", [DENSITY, FEATHER, VECTOR])
def test_a_replaced_mask_hides_wholly_and_sharply(tmp_path: Path, parameters: bytes) -> None:
    path = masked(tmp_path / "in.psd", np.full((HEIGHT, WIDTH), 255, "u1"), parameters)
    cut(path, tmp_path / "out.psd", HALF, "replace")
    image = PSDImage.open(tmp_path / "out.psd")
    shown = np.asarray(image[0].composite(force=True).convert("RGBA"))
    alpha = np.zeros((HEIGHT, WIDTH), "u1")
    alpha[: shown.shape[0], : shown.shape[1]] = shown[..., 3]
    assert np.array_equal(alpha, HALF)
    with PsdDocument(tmp_path / "out.psd") as document:
        mask = document.nodes[0].record.mask
    assert mask is not None
    assert (mask.parameters.density, mask.parameters.feather) == (255, 0)
    assert mask.parameters.vector == b""  # there is no vector mask


def test_both_user_masks_beside_a_vector_mask_are_replaced(tmp_path: Path) -> None:
    path = masked(tmp_path / "in.psd", ramp(), VECTOR, ramp()[::-1], vector_mask())
    cut(path, tmp_path / "out.psd", HALF, "replace")
    found = read_masks(tmp_path / "out.psd")
    assert np.array_equal(found[-2], HALF)
    assert np.array_equal(found[-3], HALF)
    with PsdDocument(tmp_path / "out.psd") as document:
        mask = document.nodes[0].record.mask
    assert mask is not None
    assert (mask.parameters.density, mask.parameters.feather) == (255, 0)
    assert mask.parameters.vector == struct.pack(">BBd", 0b1100, 77, 3.5)


def test_a_product_counts_the_density_and_the_mask_that_was_painted(tmp_path: Path) -> None:
    painted = ramp()[::-1]
    path = masked(tmp_path / "in.psd", ramp(), DENSITY, painted)
    cut(path, tmp_path / "out.psd", HALF, "multiply")
    seen = 255 - np.rint((255.0 - painted) * 102 / 255)
    assert np.abs(read_masks(tmp_path / "out.psd")[-2] - np.where(HALF, seen, 0)).max() <= 1
    with PsdDocument(tmp_path / "out.psd") as document:
        mask = document.nodes[0].record.mask
    assert mask is not None
    assert mask.parameters.density == 255


def test_a_product_with_a_feathered_mask_is_refused(tmp_path: Path) -> None:
    path = masked(tmp_path / "in.psd", ramp(), FEATHER)
    with pytest.raises(DocumentError, match="feather"):
        cut(path, tmp_path / "out.psd", HALF, "multiply")
    assert [one.name for one in tmp_path.iterdir()] == ["in.psd"]


def select(path: Path, out: Path, alpha: Samples, existing: str = "refuse") -> None:
    with open_document(path) as document:
        result = LayerResult(document.layers[-1], ArrayAlpha(alpha))
        document.splice("selection", out, [result], ResultOptions(existing=existing))


def read_selections(path: Path) -> list[Samples]:
    with PsdDocument(path) as document:
        extra = range(3, document.structure.channels)
        planes = [open_merged_plane(document, number) for number in extra]
        return [plane.read_rows(0, HEIGHT) for plane in planes]


def packed(path: Path) -> Path:
    """A PSD whose merged image is packed."""
    from PIL import Image

    PSDImage.frompil(Image.fromarray(colours()), compression=1).save(path)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("kind", ["raw", "packed"])
def test_a_second_selection_of_the_name_is_refused_replaced_or_multiplied(
    tmp_path: Path, kind: str
) -> None:
    path = make("flat.psd", tmp_path) if kind == "raw" else packed(tmp_path / "packed.psd")
    first, second = tmp_path / "first.psd", tmp_path / "second.psd"
    select(path, first, ramp())
    with pytest.raises(DocumentError, match="already has a selection named 'Frisket'"):
        select(first, second, HALF)
    select(first, second, HALF, "replace")
    [found] = read_selections(second)
    assert np.array_equal(found, HALF)
    assert {one.what for one in differences(first, second)} == {"merged image"}
    assert np.array_equal(PSDImage.open(second).numpy()[..., :3], PSDImage.open(path).numpy())
    select(first, second, HALF, "multiply")
    [found] = read_selections(second)
    assert np.array_equal(found, np.where(HALF, ramp(), 0))


def test_the_alpha_of_a_page_is_multiplied_or_replaced(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = np.dstack([colours(), ramp()])
    tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=["unassalpha"])
    with open_document(path) as document:
        result = LayerResult(document.layers[0], ArrayAlpha(HALF))
        for existing, expected in (
            ("refuse", np.where(HALF, ramp(), 0)),
            ("multiply", np.where(HALF, ramp(), 0)),
            ("replace", HALF),
        ):
            document.splice("alpha", out, [result], ResultOptions(existing=existing))
            assert np.array_equal(tifffile.imread(out), np.dstack([colours(), expected]))


def test_what_an_old_alpha_hides_is_seen_where_it_is_replaced(tmp_path: Path) -> None:
    path = make("rgba.tif", tmp_path)
    with open_document(path) as document:
        layer = document.layers[0]
        assert document.show(layer, "alpha", ResultOptions()).has_alpha
        shown = document.show(layer, "alpha", ResultOptions(existing="replace"))
        assert np.array_equal(shown.read(WHOLE), colours(4)[..., :3])
        assert shown.proxy().shape[-1] == 3


def test_an_alpha_that_colours_were_multiplied_by_is_not_replaced(tmp_path: Path) -> None:
    path = make("premultiplied.tif", tmp_path)
    with open_document(path) as document, pytest.raises(DocumentError, match="multiplied"):
        document.check_splice(
            "alpha", tmp_path / "out.tif", document.layers, ResultOptions(existing="replace")
        )
