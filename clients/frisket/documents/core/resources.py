"""Photoshop's image resources as values, and as the blocks that TIFF and JPEG carry them in."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")
MOST = 65536


@dataclass(frozen=True)
class ImageResource:
    """One image resource: its number, its name in the file's own bytes, and what it holds."""

    id: int
    name: bytes
    data: bytes

    def pack(self) -> bytes:
        """Return it as files hold it: name and content are each padded to even."""
        name = bytes((len(self.name),)) + self.name
        head = b"8BIM" + struct.pack(">H", self.id) + pad_even(name)
        return head + struct.pack(">I", len(self.data)) + pad_even(self.data)


def pad_even(data: bytes) -> bytes:
    """Return bytes with a zero behind them where their number is odd."""
    return data + bytes(len(data) % 2)


def split_blocks(block: bytes) -> Iterator[tuple[ImageResource, int, int]]:
    """Yield the resources of a block, each with where it begins and ends there.

    Raises:
        ValueError: the block is damaged; the message is part of a sentence.
    """
    at, last = 0, len(block.rstrip(b"\0"))  # zeros may follow, and are no resources
    for _ in range(MOST):
        if at >= last:
            return
        resource, end = _read_block(block, at)
        yield resource, at, min(end, len(block))
        at = end
    raise ValueError("its image resources have no end")


def read_blocks(block: bytes) -> tuple[list[ImageResource], bool]:
    """Return the resources of a block up to damage in it, and whether there is none."""
    found = []
    try:
        for resource, _, _ in split_blocks(block):
            found.append(resource)
    except ValueError:
        return found, False
    return found, True


def _read_block(block: bytes, at: int) -> tuple[ImageResource, int]:
    if len(block) < at + 12 or block[at : at + 4] not in SIGNATURES:
        raise ValueError("its image resources are damaged")
    length = block[at + 6]
    data = at + 6 + length + 1 + (length + 1) % 2 + 4
    if data > len(block):
        raise ValueError("its image resources are cut off")
    size = int.from_bytes(block[data - 4 : data], "big")
    if data + size > len(block):
        raise ValueError("its image resources are cut off")
    name = block[at + 7 : at + 7 + length]
    number = int.from_bytes(block[at + 4 : at + 6], "big")
    return ImageResource(number, name, block[data : data + size]), data + size + size % 2


def exchange(block: bytes, changes: Sequence[ImageResource]) -> bytes:
    """Return a block in which resources of the same numbers are replaced, and others added.

    Raises:
        ValueError: the block is damaged.
    """
    fresh = {one.id: one for one in changes}
    parts, end = [], 0
    for resource, start, stop in split_blocks(block):
        changed = fresh.pop(resource.id, None)
        parts.append(changed.pack() if changed else pad_even(block[start:stop]))
        end = stop
    rest = block[end:]  # zeros, which end nothing once something follows them
    parts += [one.pack() for one in fresh.values()] or [rest]
    return b"".join(parts)
