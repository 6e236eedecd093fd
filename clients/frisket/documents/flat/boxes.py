"""The boxes of ISO base media files, of which HEIF and AVIF are made (ISO/IEC 14496-12, 23008-12).

Only what is asked of the primary item is read; whatever does not hold together says nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LARGE, _TO_THE_END = 1, 0


@dataclass(frozen=True)
class Box:
    """One box: its name, and its content without the head."""

    name: bytes
    content: bytes


def list_boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes that lie side by side; the last may be cut off where the data ends."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == _LARGE and at + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = len(data) if size == _TO_THE_END else at + size
        if end < at + head:
            return
        yield Box(name, data[at + head : end])
        at = end


def find_box(data: bytes, *path: bytes) -> bytes:
    """Return the content of the first box at a path of names, or nothing."""
    for name in path:
        data = next((box.content for box in list_boxes(data) if box.name == name), b"")
    return data


def list_items(data: bytes) -> list[bytes]:
    """Return the types of the items of a file, such as ``av01`` or ``tmap``."""
    content = find_box(_find_meta(data), b"iinf")
    if len(content) < 6:
        return []
    infos = content[6 if content[0] == 0 else 8 :]
    return [
        box.content[8:12] if box.content[:1] == b"\x02" else box.content[10:14]
        for box in list_boxes(infos)
        if box.name == b"infe"
    ]


def find_code_points(data: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer of the primary item (H.273), or None."""
    meta = _find_meta(data)
    properties = list(list_boxes(find_box(meta, b"iprp", b"ipco")))
    try:
        numbers = _list_numbers(find_box(meta, b"iprp", b"ipma"), _read_primary(meta))
    except struct.error:
        return None
    for number in numbers:
        box = properties[number - 1] if 0 < number <= len(properties) else Box(b"", b"")
        if box.name == b"colr" and box.content[:4] == b"nclx" and len(box.content) >= 8:
            primaries, transfer = struct.unpack_from(">HH", box.content, 4)
            return primaries, transfer
    return None


def _find_meta(data: bytes) -> bytes:
    return find_box(data, b"meta")[4:]


def _read_primary(meta: bytes) -> int:
    content = find_box(meta, b"pitm")
    number: int = struct.unpack_from(">H" if content[:1] == b"\0" else ">I", content, 4)[0]
    return number


def _list_numbers(content: bytes, item: int) -> list[int]:
    """Return the numbers of an item's properties, from 1, out of an ``ipma`` box."""
    version, flags = struct.unpack_from(">B3s", content)
    count = struct.unpack_from(">I", content, 4)[0]
    id_form, wide = (">I" if version else ">H"), flags[2] & 1
    at = 8
    for _ in range(count):
        found = struct.unpack_from(id_form, content, at)[0]
        at += struct.calcsize(id_form)
        number = struct.unpack_from(">B", content, at)[0]
        form, mask = (f">{number}H", 0x7FFF) if wide else (f">{number}B", 0x7F)
        values = struct.unpack_from(form, content, at + 1)
        at += 1 + struct.calcsize(form)
        if found == item:
            return [value & mask for value in values]
    return []
