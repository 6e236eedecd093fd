"""A PSD written as a PSB: the same content in wider fields, and what is asked for spliced in."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from corpus import Tally, each_file
from PIL import Image
from psd_tools import PSDImage
from psd_tools.psd import PSD
from samples import Picture
from splices import splice_layer, splice_mask, splice_selection

from frisket.documents import ArrayAlpha, DocumentError, OutputError, open_document
from frisket.documents.io.output import atomic_output
from frisket.documents.psd import PsdDocument
from frisket.documents.psd.convert import write_psb
from frisket.documents.verify import differences


@pytest.fixture
def layered(tmp_path: Path, picture: Picture) -> Path:
    """A layer of 101 × 81 in a group, as psd-tools writes it."""
    document = PSDImage.new("RGB", (120, 90))
    layer = document.create_pixel_layer(Image.fromarray(picture(101, 81)), name="Figure", top=5)
    document.create_group([layer], name="People")
    path = tmp_path / "layered.psd"
    document.save(path)
    return path


def test_a_mask_goes_into_the_psb_that_a_psd_becomes(
    layered: Path, tmp_path: Path, picture: Picture, disc: Picture
) -> None:
    out, alpha = tmp_path / "out.PSB", disc(101, 81)
    with open_document(layered) as document:
        splice_mask(document, out, {document.find_layer("Figure"): ArrayAlpha(alpha)})
    result = PSDImage.open(out)
    assert result.version == 2
    (figure,) = result[0]
    assert (result[0].name, figure.name) == ("People", "Figure")
    assert np.array_equal(np.asarray(figure.topil().convert("RGB")), picture(101, 81))
    assert np.array_equal(np.asarray(figure.mask.topil()), alpha)
    mine = "layer People/Figure"
    assert {one.what for one in differences(layered, out)} <= {
        "format", f"{mine} mask", f"{mine} mask block", "resource 1057"
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["layered.psd", "out.PSB"]


def test_selections_and_layers_go_into_it_too(layered: Path, tmp_path: Path, disc: Picture) -> None:
    out, alpha = tmp_path / "out.psb", disc(101, 81)
    with open_document(layered) as document:
        figure = document.find_layer("Figure")
        splice_selection(document, out, figure, ArrayAlpha(alpha))
        with out.open("rb") as file:
            psd = PSD.read(file)
        found = np.frombuffer(psd.image_data.get_data(psd.header)[-1], "u1").reshape(90, 120)
        assert (psd.header.version, psd.header.channels) == (2, 4)
        assert np.array_equal(found[5:86, :101], alpha)
        splice_layer(document, out, {figure: ArrayAlpha(alpha)})
    result = PSDImage.open(out)
    assert [one.name for one in result[0]] == ["Figure", "Figure cutout"]
    assert np.array_equal(np.asarray(result[0][1].topil())[..., 3], alpha)


def test_rows_too_long_for_a_psd_say_what_to_do(tmp_path: Path) -> None:
    """70,000 columns of noise need a row length above 65,535."""
    path = tmp_path / "wide.psd"
    path.write_bytes(one_layer(70_000, 2))
    noise = np.random.default_rng(3).integers(0, 256, (2, 70_000), "u1")
    with open_document(path) as document:
        masks = {document.find_layer("Wide"): ArrayAlpha(noise)}
        with pytest.raises(OutputError, match=r"too long for PSD.*name the output \.psb"):
            splice_mask(document, tmp_path / "out.psd", masks)
        assert not (tmp_path / "out.psd").exists()
        splice_mask(document, tmp_path / "out.psb", masks)
    with (tmp_path / "out.psb").open("rb") as file:
        info = PSD.read(file).layer_and_mask_information.layer_info
    mask = info.channel_image_data[0][-1].get_data(70_000, 2, 8, 2)
    assert mask == noise.tobytes()


def one_layer(width: int, height: int) -> bytes:
    """A grey PSD whose one layer, "Wide", is larger than a canvas may be."""
    pixels = bytes(2 + width * height)
    record = struct.pack(">4iH", 0, 0, height, width, 1) + struct.pack(">hI", 0, len(pixels))
    extra = struct.pack(">II", 0, 0) + b"\x04Wide\0\0\0"
    record += b"8BIMnorm" + bytes((255, 0, 0, 0)) + struct.pack(">I", len(extra)) + extra
    info = struct.pack(">h", 1) + record + pixels
    section = struct.pack(">I", len(info)) + info + bytes(4)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 6, 8, 8, 1) + bytes(8)
    return head + struct.pack(">I", len(section)) + section + bytes(2 + 48)


def test_what_a_conversion_does_not_know_is_refused(
    layered: Path, tmp_path: Path, disc: Picture
) -> None:
    with PsdDocument(layered) as document:
        at = document.find_node(document.find_layer("People")).record.blocks[0].start
    data = bytearray(layered.read_bytes())
    data[at : at + 4] = b"8XIM"
    layered.write_bytes(bytes(data))
    with open_document(layered) as document:
        figure = document.find_layer("Figure")
        with pytest.raises(DocumentError, match="cannot become a PSB"):
            splice_mask(document, tmp_path / "out.psb", {figure: ArrayAlpha(disc(101, 81))})
    assert [path.name for path in tmp_path.iterdir()] == ["layered.psd"]


@each_file("psd")
def test_a_psd_becomes_the_same_psb(path: Path, tmp_path: Path, tally: Tally) -> None:
    out = tmp_path / "out.psb"
    try:
        document = open_document(path)
        before = PSD.read(io.BytesIO(path.read_bytes()))
        pixels = before.image_data.get_data(before.header)
    except Exception:
        pytest.skip("psd-tools or we do not read it")
    if not isinstance(document, PsdDocument) or document.format != "PSD":
        pytest.skip("it is a PSB already")
    with document, atomic_output(out) as file:
        write_psb(document, file)
    assert [one.what for one in differences(path, out)] == ["format"]
    after = PSD.read(io.BytesIO(out.read_bytes()))
    assert after.header.version == 2
    assert after.image_data.get_data(after.header) == pixels
    blocks = [one.layer_and_mask_information.tagged_blocks or {} for one in (before, after)]
    assert list(blocks[0]) == list(blocks[1])
    tally.add("same")


def test_enough_became_a_psb(tally: Tally) -> None:
    tally.require("same", 300)
