"""TIFF files made entry by entry, for what no library writes."""

from __future__ import annotations

import struct

from made_documents import HEIGHT, WIDTH

Entry = tuple[int, int, list[int]]


def list_entries(samples: int, length: int, **more: Entry) -> list[Entry]:
    """The entries of an uncompressed page of one strip, at the beginning of the file."""
    mode = 2 if samples > 2 else 1
    tags = [
        (256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [8] * samples), (259, 3, [1]),
        (262, 3, [mode]), (273, 4, [8]), (277, 3, [samples]), (278, 4, [HEIGHT]),
        (279, 4, [length]),
    ]  # fmt: skip
    changed = {one[0] for one in more.values()}
    return [one for one in tags if one[0] not in changed] + list(more.values())


def pack_tiff(entries: list[Entry], data: bytes, following: int = 0) -> bytes:
    """A little-endian TIFF of one page, its pixels first."""
    data += bytes(len(data) % 2)
    at = 8 + len(data)
    begin, body, rest = at + 2 + 12 * len(entries) + 4, b"", b""
    for tag, kind, values in sorted(entries, key=lambda one: one[0]):
        raw = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        where = raw.ljust(4, b"\0")
        if len(raw) > 4:
            where, rest = struct.pack("<I", begin + len(rest)), rest + raw + bytes(len(raw) % 2)
        body += struct.pack("<HHI", tag, kind, len(values)) + where
    head = struct.pack("<2sHI", b"II", 42, at)
    return (
        head + data + struct.pack("<H", len(entries)) + body + struct.pack("<I", following) + rest
    )
