"""Photoshop layers inside a TIFF, in both byte orders."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import tifffile
from splices import splice_alpha, splice_mask

from frisket.documents import ArrayAlpha, OutputError, Rect, open_document

HEADER = b"Adobe Photoshop Document Data Block\0"


def block(order: str, name: str, pixels: np.ndarray) -> bytes:
    """One layer at (3, 5), its three channels uncompressed."""
    height, width = pixels.shape[:2]
    kind = pixels.dtype.newbyteorder(order)
    channels = [
        struct.pack(order + "H", 0) + pixels[..., i].astype(kind).tobytes() for i in range(3)
    ]

    def key(text: bytes) -> bytes:
        return text if order == ">" else text[::-1]

    record = struct.pack(order + "4iH", 5, 3, 5 + height, 3 + width, 3)
    record += b"".join(struct.pack(order + "hI", i, len(data)) for i, data in enumerate(channels))
    record += key(b"8BIM") + key(b"norm") + bytes((255, 0, 0, 0))
    short = name.encode()
    extra = struct.pack(order + "II", 0, 0) + bytes((len(short),)) + short
    extra += bytes(-(1 + len(short)) % 4)
    record += struct.pack(order + "I", len(extra)) + extra
    info = struct.pack(order + "h", 1) + record + b"".join(channels)
    layers = b"Layr" if pixels.dtype == np.uint8 else b"Lr16"
    head = key(b"8BIM") + key(layers) + struct.pack(order + "I", len(info))
    other = key(b"8BIM") + key(b"Patt") + struct.pack(order + "I", 0)
    return HEADER + head + info + bytes(-len(info) % 4) + other


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_masks_go_into_the_block(tmp_path, picture, disc, order, dtype, bigtiff):
    path, out = tmp_path / "layered.tif", tmp_path / "out.tif"
    pixels, merged = picture(40, 30, 3, dtype), picture(64, 48, 3, dtype)
    data = block(order, "Figure", pixels)
    tifffile.imwrite(
        path, merged, photometric="rgb", byteorder=order, bigtiff=bigtiff,
        extratags=[(37724, 7, len(data), data, True), (315, "s", 0, "Nobody", True)],
    )  # fmt: skip
    alpha = disc(40, 30, 8 if dtype == "u1" else 16)
    with open_document(path) as document:
        layer = document.find_layer(None)
        assert [one.path for one in document.layers] == ["Figure", "Image"]
        assert (layer.x, layer.y, layer.kind, layer.has_mask) == (3, 5, "pixel", False)
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, 40, 30)), pixels)
        page = document.find_layer("Image")
        assert np.array_equal(document.raster(page).read(Rect(0, 0, 64, 48)), merged)
        splice_mask(document, out, {layer: ArrayAlpha(alpha)})
        splice_alpha(document, tmp_path / "alpha.tif", page, ArrayAlpha(disc(64, 48)))
    before, after = path.read_bytes(), out.read_bytes()[: path.stat().st_size]
    assert sum(a != b for a, b in zip(before, after, strict=True)) <= 8
    with open_document(out) as document:
        layer = document.find_layer("Figure")
        assert layer.has_mask
        assert np.array_equal(document.raster(layer).read(Rect(0, 0, 40, 30)), pixels)
        from frisket.documents.psd.rasters import channel_raster

        host = document.layered
        mask = channel_raster(host, host.node(layer).record, -2).read(Rect(0, 0, 40, 30))
        assert np.array_equal(mask[..., 0], alpha)
        with pytest.raises(OutputError, match="already has a mask"):
            splice_mask(document, out, {layer: ArrayAlpha(alpha)})
    with tifffile.TiffFile(out) as result:
        assert np.array_equal(result.pages[0].asarray(), merged)
        assert result.pages[0].tags[315].value == "Nobody"
    with open_document(tmp_path / "alpha.tif") as document:
        assert document.find_layer(None).name == "Figure"
