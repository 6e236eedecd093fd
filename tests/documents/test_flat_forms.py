"""Flat images: whoever decodes them, shape, depth, transparency and orientation are the file's."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import png_forms
import pytest
from samples import Samples

from frisket.documents import DocumentError, Rect, open_document


@pytest.mark.parametrize("png", list(png_forms.every_png()), ids=str)
def test_every_png_is_what_it_says(png: png_forms.Png, tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.write_bytes(png_forms.build(png))
    colours, opacity = png_forms.expect(png)
    with open_document(path) as document:
        [layer] = document.layers
        form = document.describe_pixels(layer)
        assert layer.depth == form.depth == (16 if png.depth == 16 else 8)
        assert (layer.height, layer.width) == colours.shape[:2]
        assert layer.has_alpha == (opacity is not None)
        values = document.raster(layer).read(Rect(0, 0, layer.width, layer.height))
    assert values.shape[-1] == form.colours + layer.has_alpha
    shares = values / float(np.iinfo(values.dtype).max)
    assert np.abs(shares[..., : form.colours] - colours).max() < 1e-6
    if opacity is not None:
        assert np.abs(shares[..., -1] - opacity).max() < 1e-6


def ramp(bits: int, channels: int) -> Samples:
    y, x = np.mgrid[0:18, 0:22]
    top = (1 << bits) - 1
    planes = [np.rint((x * (i + 1) + y * 3) % 40 / 39 * top) for i in range(channels)]
    return np.stack(planes, -1).astype("u1" if bits <= 8 else "u2")


def straight(path: Path) -> tuple[Samples, int, bool]:
    """Return samples 0..1 as a cutout keeps them, the layer's depth, and whether it has alpha."""
    with open_document(path) as document:
        [layer] = document.layers
        raster = document.raster(layer)
        values = raster.colour.to_straight(raster.read(Rect(0, 0, layer.width, layer.height)))
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    return values / full, layer.depth, layer.has_alpha


def netpbm(kind: str, values: Samples, top: int) -> bytes:
    head = f"{kind}\n# made by hand\n{values.shape[1]} {values.shape[0]}\n{top}\n".encode()
    if kind in ("P2", "P3"):
        return head + " ".join(map(str, values.ravel())).encode()
    return head + values.astype(">u2" if top > 255 else "u1").tobytes()


@pytest.mark.parametrize("top", [255, 1023, 4095, 65535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_every_netpbm_keeps_its_bits(kind: str, top: int, tmp_path: Path) -> None:
    values = ramp(top.bit_length(), 3 if kind in ("P3", "P6") else 1)
    (tmp_path / "in.ppm").write_bytes(netpbm(kind, values, top))
    found, depth, alpha = straight(tmp_path / "in.ppm")
    assert (depth, alpha) == (8 if top == 255 else 16, False)
    assert np.abs(found - values / top).max() < 1e-5


@pytest.mark.parametrize("order", "<>")
def test_a_float_map_is_light_and_stands_upright(order: str, tmp_path: Path) -> None:
    values = (ramp(8, 1) / np.float32(255)).astype(f"{order}f4")
    head = b"Pf\n22 18\n" + (b"-1.0\n" if order == "<" else b"1.0\n")
    (tmp_path / "in.pfm").write_bytes(head + values[::-1].tobytes())
    found, depth, _ = straight(tmp_path / "in.pfm")
    assert depth == 32 and np.array_equal(found, values)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_jpeg_2000_keeps_its_bits(channels: int, bits: int, tmp_path: Path) -> None:
    values = ramp(bits, channels)
    data = imagecodecs.jpeg2k_encode(
        values if channels > 1 else values[..., 0], level=0, bitspersample=bits
    )
    (tmp_path / "in.jp2").write_bytes(data)
    found, depth, alpha = straight(tmp_path / "in.jp2")
    assert (depth, alpha) == (8 if bits == 8 else 16, channels == 4)
    assert np.abs(found - values / ((1 << bits) - 1)).max() < 1e-4


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [3, 4])
def test_avif_keeps_its_bits(channels: int, bits: int, tmp_path: Path) -> None:
    values = ramp(bits, channels)
    data = imagecodecs.avif_encode(values, level=100, bitspersample=bits)
    (tmp_path / "in.avif").write_bytes(data)
    found, depth, alpha = straight(tmp_path / "in.avif")
    assert (depth, alpha) == (8 if bits == 8 else 16, channels == 4)
    assert np.abs(found - values / ((1 << bits) - 1)).max() < 1e-4


@pytest.mark.parametrize("kind", ["png", "jp2", "avif", "ppm"])
def test_deep_pictures_cut_short_are_refused(kind: str, tmp_path: Path) -> None:
    values = ramp(10 if kind == "avif" else 16, 3)
    data = {
        "png": lambda: imagecodecs.png_encode(values),
        "jp2": lambda: imagecodecs.jpeg2k_encode(values, level=0),
        "avif": lambda: imagecodecs.avif_encode(values, level=100, bitspersample=10),
        "ppm": lambda: netpbm("P6", values, 65535),
    }[kind]()
    for length in range(1, len(data) - 1, max(1, len(data) // 60)):
        path = tmp_path / f"in.{kind}"
        path.write_bytes(data[:length])
        try:
            straight(path)
        except DocumentError as error:
            assert "\n" not in str(error)
