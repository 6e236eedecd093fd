"""Who made a picture, when, where and with what: tags of TIFF and EXIF, read and written.

An EXIF block is a small TIFF (CIPA DC-008): a main directory, one of the photograph and one of
the place. The same reader takes a TIFF's own directory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .tiled import ASCII, FORMATS, LONG, Tag, measure_kind

Read = Callable[[int, int], bytes]  # offset, length; shorter where the file ends

_EXIF, _GPS = 34665, 34853
# Of the main directory only what describes; the others say how pixels are stored.
_DESCRIBES = frozenset((270, 271, 272, 305, 306, 315, 316, 18246, 18249, 33432))
_DESCRIBES |= frozenset(range(40091, 40096))
# Of the photograph's: its size in pixels, which a turn changes, and a pointer to another directory.
_STALE = frozenset((40962, 40963, 40965))
# Programs keep accounts of their own in the description; they would not be true of the result.
_ACCOUNTS = (b"ImageJ=", b"<?xml", b'{"shape"', b"<OME")
_CENTIMETRE, _INCH_IN_CM = 3, 2.54
_SIGNATURE = b"Exif\0\0"
_MOST_DOTS = 1 << 20  # an inch; more is no resolution but damage
_MAX_ENTRIES, _MAX_BYTES = 512, 1 << 24


@dataclass(frozen=True)
class Description:
    """Tags by directory, and whether there are more that cannot be read."""

    main: tuple[Tag, ...] = ()
    photo: tuple[Tag, ...] = ()
    place: tuple[Tag, ...] = ()
    is_damaged: bool = False

    def pack(self, more: Sequence[Tag] = ()) -> bytes:
        """Return an EXIF block (little-endian) with ``more`` in its main directory, or nothing."""
        main = [*self.main, *more]
        if not (main or self.photo or self.place):
            return b""
        subs = [(code, tags) for code, tags in self.below() if tags]
        pointers = [Tag(code, LONG, (0,)) for code, _ in subs]
        at = 8 + len(_pack_directory([*main, *pointers], 8))
        places, behind = [], b""
        for code, tags in subs:
            places.append(Tag(code, LONG, (at + len(behind),)))
            behind += _pack_directory(tags, at + len(behind))
        return b"II*\0\x08\0\0\0" + _pack_directory([*main, *places], 8) + behind

    def below(self) -> Iterator[tuple[int, tuple[Tag, ...]]]:
        """Yield the directories that the main one points to, each with the tag that points."""
        yield _EXIF, self.photo
        yield _GPS, self.place


def read_exif(block: bytes) -> Description:
    """Read an EXIF block, with or without its signature; what is damaged in it is left out."""
    block = block.removeprefix(_SIGNATURE)
    order, first = _read_head(block)
    if not order:
        return Description(is_damaged=bool(block))
    return read_description(lambda at, length: block[at : at + length], order, first)


def read_file(path: str) -> Description:
    """Read the description of a file that is a TIFF inside, as most camera raw files are."""
    with Path(path).open("rb") as file:
        order, first = _read_head(file.read(8))
        if not order:
            return Description()

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            return file.read(length)

        return read_description(read, order, first)


def find_exif_resolution(block: bytes) -> tuple[float, float] | None:
    """Return samples an inch that an EXIF block tells of, or None."""
    block = block.removeprefix(_SIGNATURE)
    order, first = _read_head(block)
    if not order:
        return None
    found = read_directory(lambda at, length: block[at : at + length], order, first)
    return find_resolution(found.tags)


def _read_head(block: bytes) -> tuple[str, int]:
    """Return the byte order and where the first directory lies; an empty order for no EXIF."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], "")
    if not order or len(block) < 8:
        return "", 0
    return order, struct.unpack(order + "I", block[4:8])[0]


@dataclass(frozen=True)
class Directory:
    """The tags of one directory.

    Attributes:
        tags: those that can be read, by code.
        damaged: codes of those that cannot.
        is_whole: whether no further ones are missing.
    """

    tags: dict[int, Tag] = field(default_factory=dict)
    damaged: frozenset[int] = frozenset()
    is_whole: bool = True

    def loses(self, codes: Collection[int]) -> bool:
        """Tell whether one of these may have been here and cannot be read."""
        return not self.is_whole or not self.damaged.isdisjoint(codes)


def read_description(read: Read, order: str, first: int, big: bool = False) -> Description:
    """Read the tags that describe, from the directory at ``first``."""
    main = read_directory(read, order, first, big)
    below = [_read_below(read, order, main.tags.get(code), big) for code in (_EXIF, _GPS)]
    described = sorted((code, tag) for code, tag in main.tags.items() if code in _DESCRIBES)
    photo, place = (
        tuple(tag for code, tag in sorted(one.tags.items()) if code not in _STALE) for one in below
    )
    damaged = any(not one.is_whole or one.damaged - _STALE for one in below)
    return Description(
        tuple(tag for _, tag in described if _is_said(tag)), photo, place,
        damaged or main.loses((*_DESCRIBES, _EXIF, _GPS)),
    )  # fmt: skip


def find_resolution(tags: dict[int, Tag]) -> tuple[float, float] | None:
    """Return samples an inch from the tags of a directory; None where they have no unit."""
    unit = _first_number(tags.get(296), 2.0)
    across, down = (_read_fraction(tags.get(code)) for code in (282, 283))
    if unit not in (2, _CENTIMETRE) or across is None or down is None:
        return None
    scale = _INCH_IN_CM if unit == _CENTIMETRE else 1.0
    return make_resolution(across * scale, down * scale)


def _first_number(tag: Tag | None, otherwise: float) -> float:
    if tag is None or isinstance(tag.values, bytes) or not tag.values:
        return otherwise
    return float(tag.values[0])


def _read_fraction(tag: Tag | None) -> float | None:
    if tag is None or isinstance(tag.values, bytes) or not tag.values:
        return None
    if len(tag.values) == 1:
        return float(tag.values[0])
    return tag.values[0] / tag.values[1] if tag.values[1] else None


def make_resolution(across: float, down: float) -> tuple[float, float] | None:
    """Return samples an inch where both can be meant, else None."""
    known = all(0 < one < _MOST_DOTS for one in (across, down))
    return (float(across), float(down)) if known else None


def make_comment(text: bytes) -> Tag:
    """Return a remark as a description."""
    return Tag(270, ASCII, text.rstrip(b"\0") + b"\0")


def _is_said(tag: Tag) -> bool:
    if not isinstance(tag.values, bytes):
        return True
    return bool(tag.values.strip(b"\0 ")) and not tag.values.startswith(_ACCOUNTS)


def _read_below(read: Read, order: str, pointer: Tag | None, big: bool) -> Directory:
    if pointer is None:
        return Directory()
    if isinstance(pointer.values, bytes) or len(pointer.values) != 1:
        return Directory(is_whole=False)
    return read_directory(read, order, pointer.values[0], big)


def read_directory(read: Read, order: str, at: int, big: bool = False) -> Directory:
    """Return the tags of the directory at a place."""
    count_form, word, inline = (order + "Q", "Q", 8) if big else (order + "H", "I", 4)
    width, size = struct.calcsize(count_form), 4 + 2 * inline
    head = read(at, width)
    if len(head) < width:
        return Directory(is_whole=False)
    told = struct.unpack(count_form, head)[0]
    raw = read(at + width, min(told, _MAX_ENTRIES) * size)
    tags: dict[int, Tag] = {}
    damaged = set()
    for start in range(0, len(raw) - size + 1, size):
        code, kind, count = struct.unpack_from(f"{order}HH{word}", raw, start)
        place = raw[start + size - inline : start + size]
        tag = _read_tag(read, order, (code, kind, count), place)
        if tag is None:
            damaged.add(code)
        else:
            tags[code] = tag
    return Directory(tags, frozenset(damaged), len(raw) == told * size)


def _read_tag(read: Read, order: str, head: tuple[int, int, int], place: bytes) -> Tag | None:
    """Return a tag whose values lie in its entry or where that points to, where they can be."""
    code, kind, count = head
    if kind not in FORMATS or count * measure_kind(kind) > _MAX_BYTES:
        return None
    length = count * measure_kind(kind)
    data = place[:length]
    if length > len(place):
        word = "Q" if len(place) == 8 else "I"
        data = read(struct.unpack(order + word, place)[0], length)
    return Tag.unpack(code, kind, data, order) if len(data) == length else None


def _pack_directory(tags: Sequence[Tag], at: int) -> bytes:
    """Return a classic little-endian directory that lies at ``at``, its long values behind it."""
    behind = at + 2 + 12 * len(tags) + 4
    entries, rest = b"", b""
    for tag in sorted(tags, key=lambda one: one.code):
        data = tag.pack("<")
        count = len(data) // measure_kind(tag.kind)
        if len(data) > 4:
            place = struct.pack("<I", behind + len(rest))
            rest += data + bytes(len(data) % 2)
            data = place
        entries += struct.pack("<HHI", tag.code, tag.kind, count) + data.ljust(4, b"\0")
    return struct.pack("<H", len(tags)) + entries + bytes(4) + rest
