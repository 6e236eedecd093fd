"""A small file does not become gigabytes of pixels: what is decoded whole is bounded."""

from __future__ import annotations

import binascii
import struct
import zlib
from pathlib import Path

import pytest

from frisket.documents import open_document
from frisket.documents.core.errors import UnreadableDocument, UnsupportedDocument


def write_png(path: Path, width: int, height: int) -> None:
    """Write a PNG whose header is true, and whose pixels are never reached."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", binascii.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def test_a_picture_of_the_limit_is_looked_at_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    write_png(path, 1 << 14, 1 << 14)
    with pytest.raises(UnreadableDocument, match="cannot be decoded"):
        open_document(path)
    for size in ((1 << 14, (1 << 14) + 1), (30_000, 30_000)):
        write_png(path, *size)
        with pytest.raises(UnsupportedDocument, match="tiled TIFF"):
            open_document(path)
