"""The pieces that containers of flat images are made of: PNG's chunks, JPEG's segments, RIFF's."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


@dataclass(frozen=True)
class Chunk:
    """One piece: its name, where its data lies, and whether its checksum is right."""

    name: bytes
    start: int
    length: int
    sound: bool = True


def list_png(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG up to its end or damage."""
    at = len(_PNG)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return
        sound = struct.unpack_from(">I", data, end)[0] == zlib.crc32(data[at + 4 : end])
        yield Chunk(name, at + 8, length, sound)
        at = end + 4


def keep_pixels(data: bytes) -> bytes:
    """Return a PNG with nothing but its pixels and what they mean.

    Whoever decodes it has nothing to remark about the rest.

    Raises:
        ValueError: A chunk that is needed is damaged, or the file ends early.
    """
    found = [chunk for chunk in list_png(data) if chunk.name in _NEEDED]
    for chunk in found:
        if not chunk.sound:
            raise ValueError(f"the checksum of its {chunk.name.decode()} is wrong")
    if not found or found[-1].name != b"IEND":
        raise ValueError("the file ends early")
    whole = (data[chunk.start - 8 : chunk.start + chunk.length + 4] for chunk in found)
    return _PNG + b"".join(whole)


def list_jpeg(data: bytes) -> Iterator[Chunk]:
    """Yield the segments of a JPEG before its first scan, then the rest as one."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA or at + 2 + length > len(data):
            break
        yield Chunk(b"segment %02X" % marker, at + 4, length - 2)
        at += 2 + length
    yield Chunk(b"scan", at, len(data) - at)


def list_riff(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a WebP."""
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield Chunk(name, at + 8, min(length, len(data) - at - 8))
        at += 8 + length + length % 2


def list_chunks(data: bytes) -> list[Chunk] | None:
    """Return the pieces of a PNG, JPEG or WebP; None for other containers."""
    if data.startswith(_PNG):
        return list(list_png(data))
    if data.startswith(b"\xff\xd8"):
        return list(list_jpeg(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return list(list_riff(data))
    return None
