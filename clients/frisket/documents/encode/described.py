"""Who made a picture, when, where and with what: tags of TIFF and EXIF, read and written.

An EXIF block is a small TIFF (CIPA DC-008): a main directory, one of the photograph and one of
the place. The same reader takes a TIFF's own directory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    """Tags by directory."""

    main: tuple[Tag, ...] = ()
    photo: tuple[Tag, ...] = ()
    place: tuple[Tag, ...] = ()

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
        return Description()
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
    return find_resolution(find_tags(lambda at, length: block[at : at + length], order, first))


def _read_head(block: bytes) -> tuple[str, int]:
    """Return the byte order and where the first directory lies; an empty order for no EXIF."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], "")
    if not order or len(block) < 8:
        return "", 0
    return order, struct.unpack(order + "I", block[4:8])[0]


def read_description(read: Read, order: str, first: int, big: bool = False) -> Description:
    """Read the tags that describe, from the directory at ``first``."""
    main = dict(_read_directory(read, order, first, big))
    below = [_read_below(read, order, main.get(code), big) for code in (_EXIF, _GPS)]
    kept = tuple(tag for code, tag in sorted(main.items()) if code in _DESCRIBES and _is_said(tag))
    return Description(kept, *below)


def find_tags(read: Read, order: str, first: int, big: bool = False) -> dict[int, Tag]:
    """Return all tags of the directory at ``first`` whose kind is known."""
    return dict(_read_directory(read, order, first, big))


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


def _read_below(read: Read, order: str, pointer: Tag | None, big: bool) -> tuple[Tag, ...]:
    if pointer is None or isinstance(pointer.values, bytes) or len(pointer.values) != 1:
        return ()
    found = dict(_read_directory(read, order, pointer.values[0], big))
    return tuple(tag for code, tag in sorted(found.items()) if code not in _STALE)


def _read_directory(read: Read, order: str, at: int, big: bool) -> Iterator[tuple[int, Tag]]:
    count_form, word, inline = (order + "Q", "Q", 8) if big else (order + "H", "I", 4)
    width, size = struct.calcsize(count_form), 4 + 2 * inline
    head = read(at, width)
    if len(head) < width:
        return
    number = min(struct.unpack(count_form, head)[0], _MAX_ENTRIES)
    raw = read(at + width, number * size)
    for start in range(0, len(raw) - size + 1, size):
        code, kind, count = struct.unpack_from(f"{order}HH{word}", raw, start)
        if kind not in FORMATS or count * measure_kind(kind) > _MAX_BYTES:
            continue
        length = count * measure_kind(kind)
        data = raw[start + size - inline : start + size][:length]
        if length > inline:
            data = read(struct.unpack(order + word, raw[start + size - inline : start + size])[0],
                        length)  # fmt: skip
        if len(data) == length:
            yield code, Tag.unpack(code, kind, data, order)


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
