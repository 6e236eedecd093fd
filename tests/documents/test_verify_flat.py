"""Two flat images are the same when every byte is; else what differs is named."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from frisket.documents import differences


def png(level: int = 6) -> bytes:
    out = io.BytesIO()
    y, x = np.mgrid[0:30, 0:40]
    Image.fromarray(((x * y) % 256).astype("u1")).save(out, "PNG", compress_level=level)
    return out.getvalue()


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return data[:33] + struct.pack(">I", len(body)) + name + body + check + data[33:]


def compare(folder: Path, one: bytes, two: bytes, suffix: str = "png") -> list[str]:
    paths = folder / f"a.{suffix}", folder / f"b.{suffix}"
    for path, data in zip(paths, (one, two), strict=True):
        path.write_bytes(data)
    return [str(found) for found in differences(*paths)]


def test_a_png_is_compared_chunk_by_chunk(tmp_path: Path) -> None:
    note = with_chunk(png(), b"tEXt", b"Author\0One")
    assert compare(tmp_path, note, note) == []
    assert compare(tmp_path, png(), note) == ["tEXt: added"]
    assert compare(tmp_path, note, png()) == ["tEXt: removed"]
    other = with_chunk(png(), b"tEXt", b"Author\0Two")
    assert compare(tmp_path, note, other) == ["tEXt: changed"]


def test_pixels_that_are_only_packed_otherwise_are_told_apart(tmp_path: Path) -> None:
    assert compare(tmp_path, png(1), png(9)) == [
        "IDAT: changed (packed otherwise, the same pixels)"
    ]


def test_bytes_behind_the_end_count(tmp_path: Path) -> None:
    [found] = compare(tmp_path, png(), png() + b"more")
    assert found.startswith("bytes: changed")


def test_a_jpeg_is_compared_segment_by_segment(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 90, 200)).save(out, "JPEG", comment=b"One")
    assert compare(tmp_path, out.getvalue(), out.getvalue().replace(b"One", b"Two"), "jpg") == [
        "segment FE: changed"
    ]


def test_other_containers_say_that_pixels_only_were_compared(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (9, 90, 200)).save(tmp_path / "a.bmp")
    data = (tmp_path / "a.bmp").read_bytes()
    changed = data[:38] + struct.pack("<I", 99) + data[42:]  # its resolution
    [found] = compare(tmp_path, data, changed, "bmp")
    assert "only format, size, profile and pixels were compared" in found
