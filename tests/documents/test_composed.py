"""A PSD without pixels of its own and without a merged image: composed by psd-tools in a child."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_documents import HEIGHT, WIDTH, colours, psd_block, psd_channel, psd_document, ramp
from made_documents import psd_layer as pack_layer
from samples import Samples
from splices import splice_mask, splice_selection

from frisket.documents import ArrayAlpha, DocumentError, Rect, ResultOptions, open_document
from frisket.documents.io.child import SandboxLimits, Workshop
from frisket.documents.psd import compose
from frisket.documents.sandbox import decode_in_sandbox
from frisket.jobs.deliver import DELIVERIES

WHOLE = Rect(0, 0, WIDTH, HEIGHT)
RED, BLUE = (255, 0, 0), (0, 0, 255)
BLANK = np.full((3, HEIGHT, WIDTH), 255, "u1")
Layer = tuple[bytes, bytes]


def fill(colour: tuple[int, int, int], mask: Samples | None = None) -> Layer:
    """A solid fill, which has no pixels, with a mask of pixels or without."""
    nothing = struct.pack(">IH", 1, 0)
    shades = zip((b"Rd  ", b"Grn ", b"Bl  "), colour, strict=True)
    items = b"".join(struct.pack(">I4s4sd", 0, key, b"doub", value) for key, value in shades)
    inner = nothing + struct.pack(">I4sI", 0, b"RGBC", 3) + items
    outer = nothing + struct.pack(">I4sII4s4s", 0, b"null", 1, 0, b"Clr ", b"Objc") + inner
    block = struct.pack(">I", 16) + outer
    channels = [(number, b"\0\0") for number in (-1, 0, 1, 2)]
    record = b""
    if mask is not None:
        channels.append((-2, psd_channel(mask)))
        record = struct.pack(">4iBBxx", 0, 0, HEIGHT, WIDTH, 0, 0)
    blocks = psd_block(b"SoCo", block + bytes(len(block) % 2))
    return pack_layer("Fill", (0, 0, 0, 0), channels, record, blocks)


def add_version(data: bytes, real: bool) -> bytes:
    """Add the resource that says whether the merged image is real."""
    version = struct.pack(">4sHHI", b"8BIM", 1057, 0, 17)
    version += struct.pack(">I?IIIx", 1, real, 0, 0, 1)
    return data[:30] + struct.pack(">I", len(version)) + version + data[34:]


def document(path: Path, real: bool | None, merged: Samples = BLANK) -> Path:
    """A blue ground under a red fill that a mask shows in part."""
    data = psd_document("RGB", merged.tobytes(), [fill(BLUE), fill(RED, ramp())], channels=3)
    if real is not None:
        data = add_version(data, real)
    path.write_bytes(data)
    return path


def composed() -> Samples:
    """Red over blue by the mask, opaque."""
    share = ramp().astype(float)
    planes = [share, np.zeros_like(share), 255 - share, np.full_like(share, 255)]
    return np.rint(np.stack(planes, axis=-1))


@pytest.mark.parametrize("selector", [None, "merged"])
@pytest.mark.parametrize("real", [False, None])
def test_a_merged_image_that_is_missing_is_composed(
    tmp_path: Path, selector: str | None, real: bool | None
) -> None:
    """The version resource says so, or without it the merged image is blank."""
    with open_document(document(tmp_path / "in.psd", real)) as opened:
        layer = opened.find_layer(selector)
        assert (layer.name, layer.kind, layer.has_alpha) == ("merged", "image", True)
        found = opened.raster(layer).read(WHOLE)
        assert found.dtype == np.uint8
        assert np.abs(found - composed()).max() <= 1
        assert opened.raster(layer).proxy(WIDTH).shape == (HEIGHT, WIDTH, 4)


def test_one_that_is_real_is_left_alone(tmp_path: Path) -> None:
    merged = np.moveaxis(colours(), -1, 0)
    for number, real in enumerate((True, None)):
        path = document(tmp_path / f"{number}.psd", real, merged)
        with open_document(path) as opened:
            found = opened.raster(opened.find_layer()).read(WHOLE)
            assert np.array_equal(found, colours())
    with open_document(document(tmp_path / "white.psd", real=True)) as opened:
        assert (opened.raster(opened.find_layer()).read(WHOLE) == 255).all()


def test_one_that_a_new_mask_made_stale_is_composed(tmp_path: Path) -> None:
    pixels = [(number, psd_channel(ramp())) for number in (0, 1, 2)]
    box = (0, 0, HEIGHT, WIDTH)
    merged = np.stack([ramp()] * 3)
    data = psd_document("RGB", merged.tobytes(), [pack_layer("Figure", box, pixels)], channels=3)
    path, out = tmp_path / "in.psd", tmp_path / "out.psd"
    path.write_bytes(add_version(data, real=True))
    mask = np.zeros((HEIGHT, WIDTH), "u1")
    mask[:, 9:] = 255
    with open_document(path) as opened:
        splice_mask(opened, out, {opened.layers[0]: ArrayAlpha(mask)})
    with open_document(out) as opened:
        found = opened.raster(opened.find_layer("merged")).read(WHOLE)
    assert np.array_equal(found[..., 3], mask)
    assert np.array_equal(found[:, 9:, 0], ramp()[:, 9:])


def test_results_of_what_was_composed(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", real=False)
    out, alpha = tmp_path / "cut.tif", ArrayAlpha(np.full((HEIGHT, WIDTH), 200, "u1"))
    with open_document(path) as opened:
        layer = opened.find_layer()
        DELIVERIES["cutout"].check(opened, out, [layer], ResultOptions())
        from frisket.documents.write import write_cutout

        write_cutout(out, opened, layer, alpha)
        splice_selection(opened, tmp_path / "out.psd", layer, alpha)
    found = tifffile.imread(out)
    assert np.abs(found[..., :3] - composed()[..., :3]).max() <= 1
    assert (found[..., 3] == 200).all()


def test_nothing_is_composed_only_to_look_at_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "compose", lambda document: pytest.fail("it was composed"))
    with open_document(document(tmp_path / "in.psd", real=False)) as opened:
        form = opened.describe_pixels(opened.find_layer())
        assert (form.mode, form.depth, form.colours) == ("RGB", 8, 3)


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psd_tools", None)
    path = document(tmp_path / "in.psd", real=False)
    for selector in (None, "merged"):
        with (
            open_document(path) as opened,
            pytest.raises(DocumentError, match=r'pip install "\.\[compose\]".*maximised'),
        ):
            opened.find_layer(selector)


def test_above_fifty_megapixels_the_message_says_so(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", real=False)
    data = bytearray(path.read_bytes())
    data[14:22] = struct.pack(">II", 10_000, 5_001)
    path.write_bytes(bytes(data))
    with (
        open_document(path) as opened,
        pytest.raises(DocumentError, match="50 megapixels are more than the 50") as caught,
    ):
        opened.find_layer("merged")
    assert "maximised compatibility" in str(caught.value)


def test_an_untrusted_document_is_composed_in_its_own_child_alone(tmp_path: Path) -> None:
    decode_in_sandbox(document(tmp_path / "in.psd", real=False))


def test_what_cannot_be_composed_is_one_sentence(tmp_path: Path) -> None:
    path = document(tmp_path / "in.psd", real=None)
    data = path.read_bytes()
    short = struct.pack(">4sHHII?x", b"8BIM", 1057, 0, 6, 1, False)  # psd-tools wants names there
    path.write_bytes(data[:30] + struct.pack(">I", len(short)) + short + data[34:])
    with open_document(path) as opened, pytest.raises(DocumentError, match=r"in\.psd") as caught:
        opened.raster(opened.find_layer()).read(WHOLE)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits there")
def test_the_child_may_write_no_more_than_the_picture(tmp_path: Path) -> None:
    path, out = document(tmp_path / "in.psd", real=False), tmp_path / "composed"
    request = {"path": str(path), "out": str(out), "dtype": "|u1", "shape": (HEIGHT, WIDTH, 4)}
    limits = SandboxLimits(written=100)
    with pytest.raises(DocumentError):
        Workshop(compose.__name__, "composing", limits).ask(str(path), request)
    assert out.stat().st_size <= 100
