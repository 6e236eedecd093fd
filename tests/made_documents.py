"""Small documents of every kind, made byte by byte where no program writes them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from samples import Samples

WIDTH, HEIGHT = 30, 20
MODES = {"BITMAP": 0, "GRAY": 1, "INDEXED": 2, "RGB": 3, "CMYK": 4, "MULTICHANNEL": 7}
MODES |= {"DUOTONE": 8, "LAB": 9}
TIFF_LAYERS = 37724
_HEADER = b"Adobe Photoshop Document Data Block\0"


def ramp(height: int = HEIGHT, width: int = WIDTH, depth: int = 8) -> Samples:
    """Samples (height, width) of 8 or 16 bits that differ from pixel to pixel."""
    values = np.add.outer(np.arange(height) * 31, np.arange(width) * 7) % 256
    return values.astype("u1") if depth == 8 else (values * 257).astype("u2")


def colours(samples: int = 3, dtype: str = "u1") -> Samples:
    """Pixels (HEIGHT, WIDTH, samples)."""
    depth = 16 if np.dtype(dtype).itemsize > 1 else 8
    planes = [np.roll(ramp(depth=depth), number, axis=1) for number in range(samples)]
    values = np.stack(planes, axis=-1)
    return (values / 65535).astype(dtype) if np.dtype(dtype).kind == "f" else values.astype(dtype)


def psd_channel(values: Samples, depth: int = 8) -> bytes:
    return b"\0\0" + values.astype(">u2" if depth == 16 else "u1").tobytes()


def psd_layer(
    name: str,
    box: tuple[int, int, int, int],
    channels: Sequence[tuple[int, bytes]],
    mask: bytes = b"",
    blocks: bytes = b"",
    flags: int = 0,
) -> tuple[bytes, bytes]:
    """(record, channel data); ``box`` is top, left, bottom, right."""
    record = struct.pack(">4iH", *box, len(channels))
    record += b"".join(struct.pack(">hI", number, len(data)) for number, data in channels)
    raw = name.encode()
    pascal = bytes((len(raw),)) + raw
    extra = struct.pack(">I", len(mask)) + mask + bytes(4)
    extra += pascal + bytes(-len(pascal) % 4) + blocks
    record += b"8BIMnorm\xff\0" + bytes((flags, 0)) + struct.pack(">I", len(extra)) + extra
    return record, b"".join(data for _, data in channels)


def psd_block(key: bytes, data: bytes) -> bytes:
    return b"8BIM" + key + struct.pack(">I", len(data)) + data


def vector_mask(share: float = 0.5) -> bytes:
    """A `vmsk` block: the left part of the canvas, as one polygon."""
    corners = [(0.0, 0.0), (0.0, share), (1.0, share), (1.0, 0.0)]
    records = [struct.pack(">H24x", 6), struct.pack(">HH22x", 8, 0)]
    records.append(struct.pack(">HHhH18x", 0, len(corners), 1, 1))
    for corner in corners:
        knot = struct.pack(">2i", *(round(value * (1 << 24)) for value in corner))
        records.append(struct.pack(">H", 2) + knot * 3)
    data = struct.pack(">II", 3, 0) + b"".join(records)
    return psd_block(b"vmsk", data + bytes(-len(data) % 4))


def psd_document(
    mode: str,
    merged: bytes,
    layers: Sequence[tuple[bytes, bytes]] = (),
    depth: int = 8,
    colours: bytes = b"",
    channels: int = 1,
) -> bytes:
    """A PSD of WIDTH × HEIGHT whose merged image is not compressed."""
    info = b""
    if layers:
        info = struct.pack(">h", len(layers)) + b"".join(record for record, _ in layers)
        info += b"".join(data for _, data in layers)
        info += bytes(len(info) % 2)
    if info and depth == 16:
        info += bytes(-len(info) % 4)
        section = bytes(8) + psd_block(b"Lr16", info)
    else:
        section = struct.pack(">I", len(info)) + info + bytes(4) if info else b""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, HEIGHT, WIDTH, depth, MODES[mode])
    head += struct.pack(">I", len(colours)) + colours + bytes(4)
    return head + struct.pack(">I", len(section)) + section + b"\0\0" + merged


def tiff_block(order: str, name: str, pixels: Samples) -> bytes:
    """The value of a tag with one layer at (3, 5), its three channels uncompressed."""
    height, width = pixels.shape[:2]
    kind = pixels.dtype.newbyteorder(order)  # type: ignore[arg-type]
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
    return _HEADER + head + info + bytes(-len(info) % 4) + other


Make = Callable[[Path], None]


def _picture(samples: int, mode: str, **options: Any) -> Make:
    return lambda path: Image.fromarray(colours(samples).squeeze(), mode).save(path, **options)


def _tiff(pixels: Samples, **options: Any) -> Make:
    return lambda path: tifffile.imwrite(path, pixels, **options)


def _psd(mode: str, count: int, **options: Any) -> Make:
    depth = options.get("depth", 8)
    rows = HEIGHT * ((WIDTH * depth + 7) // 8)
    return lambda path: _write(
        path, psd_document(mode, bytes(rows * count), channels=count, **options)
    )


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _pack_layers(count: int = 3, depth: int = 8) -> list[tuple[bytes, bytes]]:
    """A layer without a mask, and one that has a mask."""
    box = (0, 0, HEIGHT, WIDTH)
    channels = [(number, psd_channel(ramp(depth=depth), depth)) for number in range(count)]
    mask = struct.pack(">4i2B2x", *box, 0, 0)
    masked = [*channels, (-2, psd_channel(ramp(depth=depth), depth))]
    return [psd_layer("Plain", box, channels), psd_layer("Masked", box, masked, mask)]


def _psb(path: Path) -> None:
    from frisket.documents import open_document
    from frisket.documents.io.output import atomic_output
    from frisket.documents.psd.convert import write_psb

    small = path.with_suffix(".small")
    _psd("RGB", 3, layers=_pack_layers())(small)
    with open_document(small) as document, atomic_output(path) as out:
        write_psb(document, out)  # type: ignore[arg-type]
    small.unlink()


def _layered_tiff(path: Path) -> None:
    data = tiff_block("<", "Figure", colours())
    tags = [(TIFF_LAYERS, 7, len(data), data, True)]
    tifffile.imwrite(path, colours(), photometric="rgb", byteorder="<", extratags=tags)


def _circular_tiff(path: Path) -> None:
    """Two pages, of which the second names the first as the next."""
    tifffile.imwrite(path, np.stack([colours()] * 2), photometric="rgb", byteorder="<")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        first, second = (page.offset for page in file.pages)
    count = struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, second + 2 + 12 * count, first)
    path.write_bytes(data)


def _two_modes(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(colours(), photometric="rgb")
        file.write(colours(4), photometric="separated")


def _cut_off(path: Path) -> None:
    """A PSD without the last bytes of its merged image."""
    _psd("RGB", 3, layers=_pack_layers())(path)
    path.write_bytes(path.read_bytes()[:-9])


def _hollow_layer(path: Path) -> None:
    """A layer with a rectangle and no channels."""
    hollow = psd_layer("Hollow", (0, 0, HEIGHT, WIDTH), [])
    _psd("RGB", 3, layers=[*_pack_layers(), hollow])(path)


def _extra_channel(path: Path) -> None:
    """A layer with a channel more than its document has colours."""
    box = (0, 0, HEIGHT, WIDTH)
    channels = [(number, psd_channel(ramp())) for number in range(4)]
    _psd("RGB", 4, layers=[psd_layer("Extra", box, channels)])(path)


def _many_channels(path: Path) -> None:
    """A layer with as many channels as a layer can have."""
    channels = [(number, psd_channel(ramp())) for number in range(64)]
    _psd("RGB", 3, layers=[psd_layer("Many", (0, 0, HEIGHT, WIDTH), channels)])(path)


def _unknown_structure(path: Path) -> None:
    """A layer record that ends with something that is no block, before something that may be."""
    channels = [(number, psd_channel(ramp())) for number in range(3)]
    layer = psd_layer("Odd", (0, 0, HEIGHT, WIDTH), channels, blocks=b"8XIMabcd8BIMefgh")
    _psd("RGB", 3, layers=[layer])(path)


def _sixteen(kind: int, samples: int, name: bytes = b"", data: bytes = b"") -> Make:
    """A PNG of 16 bits of a colour type, with one chunk more."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    rows = colours(samples, "u2").astype(">u2").reshape(HEIGHT, -1)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, kind, 0, 0, 0))
    more = chunk(name, data) if name else b""
    whole = b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return lambda path: _write(path, whole)


# EXIF of one entry: a quarter turn.
_TURNED = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)


DOCUMENTS: dict[str, Make] = {
    "rgb.png": _picture(3, "RGB"),
    "rgba.png": _picture(4, "RGBA"),
    "grey.png": _picture(1, "L"),
    "deep.png": lambda path: Image.fromarray(ramp(depth=16)).save(path),
    "deep-rgb.png": _sixteen(2, 3),
    "deep-rgba.png": _sixteen(6, 4),
    "deep-grey-alpha.png": _sixteen(4, 2),
    "deep-grey-see-through.png": _sixteen(0, 1, b"tRNS", bytes(2)),
    "deep-rgb-see-through.png": _sixteen(2, 3, b"tRNS", bytes(6)),
    "deep-turned.png": _sixteen(2, 3, b"eXIf", _TURNED),
    "palette.png": lambda path: Image.fromarray(colours()).quantize(8).save(path),
    "see-through.png": lambda path: Image.fromarray(colours()).save(path, transparency=(0, 0, 0)),
    "cmyk.jpg": _picture(4, "CMYK"),
    "rgb.webp": _picture(3, "RGB", lossless=True),
    "flat.psd": _psd("RGB", 3),
    "flat-cmyk.psd": _psd("CMYK", 4),
    "flat-indexed.psd": _psd("INDEXED", 1, colours=bytes(range(256)) * 3),
    "bitmap.psd": _psd("BITMAP", 1, depth=1),
    "multichannel.psd": _psd("MULTICHANNEL", 2),
    "float.psd": _psd("RGB", 3, depth=32),
    "full.psd": _psd("RGB", 56),
    "layers.psd": _psd("RGB", 3, layers=_pack_layers()),
    "layers-deep.psd": _psd("RGB", 3, depth=16, layers=_pack_layers(depth=16)),
    "layers-cmyk.psd": _psd("CMYK", 4, layers=_pack_layers(4)),
    "layers-lab.psd": _psd("LAB", 3, layers=_pack_layers()),
    "layers-of-one-bit.psd": _psd("BITMAP", 1, depth=1, layers=_pack_layers(1)),
    "layers-cut-off.psd": _cut_off,
    "layers-hollow.psd": _hollow_layer,
    "layers-extra.psd": _extra_channel,
    "layers-many.psd": _many_channels,
    "layers-unknown.psd": _unknown_structure,
    "layers.psb": _psb,
    "rgb.tif": _tiff(colours(), photometric="rgb"),
    "grey.tif": _tiff(ramp(), photometric="minisblack"),
    "deep-tiles.tif": _tiff(colours(3, "u2"), photometric="rgb", tile=(16, 16), predictor=2,
                            compression="deflate"),
    "rgba.tif": _tiff(colours(4), photometric="rgb", extrasamples=["unassalpha"]),
    "premultiplied.tif": _tiff(colours(4), photometric="rgb", extrasamples=["assocalpha"]),
    "planar.tif": _tiff(np.moveaxis(colours(), -1, 0), photometric="rgb", planarconfig="separate"),
    "cmyk.tif": _tiff(colours(4), photometric="separated"),
    "lab.tif": _tiff(colours(), photometric="cielab"),
    "palette.tif": _tiff(ramp(), photometric="palette", colormap=np.zeros((3, 256), "u2")),
    "bits.tif": _tiff(ramp() > 128, photometric="minisblack"),
    "signed.tif": _tiff(ramp().astype("i2"), photometric="minisblack"),
    "wide.tif": _tiff(ramp(depth=16).astype("u4"), photometric="minisblack"),
    "float.tif": _tiff(colours(3, "f4"), photometric="rgb"),
    "jpeg.tif": _tiff(colours(), photometric="rgb", compression="jpeg"),
    "pages.tif": _tiff(np.stack([colours()] * 2), photometric="rgb"),
    "two-modes.tif": _two_modes,
    "layers.tif": _layered_tiff,
    "circle.tif": _circular_tiff,
}  # fmt: skip


def make(name: str, folder: Path) -> Path:
    """Make the document of a name."""
    path = folder / name
    DOCUMENTS[name](path)
    return path
