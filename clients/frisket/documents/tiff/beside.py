"""What a page of a TIFF says beside its pixels."""

from __future__ import annotations

import os
from typing import Any

from ..encode.beside import Beside
from ..encode.described import (
    Directory,
    Read,
    find_resolution,
    read_description,
    read_directory,
)
from ..encode.readable import find_iptc, keep_readable
from ..io.positioned import pread
from .page import PageSamples
from .pages import find_turn

_XMP, _IPTC, _RESOURCES, _ICC = 700, 33723, 34377, 34675
_TOLD = {_XMP: "its XMP, which cannot be read", _IPTC: "its IPTC record, which cannot be read"}
_MISSED = "its IPTC record, if it has one: its image resources cannot be read"
_PROFILE = "its colour profile, which is damaged"


def read_beside(descriptor: int, page: Any, samples: PageSamples) -> Beside:
    """Return what goes along with a page; its tags are read from the file as they are."""
    order, big = page.parent.byteorder, bool(page.parent.is_bigtiff)
    read = _make_reader(descriptor)
    main = read_directory(read, order, page.offset, big)
    iptc, unread = _take_text(main.tags, _IPTC, order), _name_unread(main)
    if not iptc:
        iptc, damaged = find_iptc(_take_text(main.tags, _RESOURCES))
        unread += damaged or ((_MISSED,) if _RESOURCES in main.damaged else ())
    profile = (_PROFILE,) if _ICC in main.damaged else ()
    beside = Beside(
        resolution=find_resolution(main.tags),
        description=read_description(read, order, page.offset, big),
        xmp=_take_text(main.tags, _XMP),
        iptc=iptc,
        lost=(*_name_channels(page, samples), *profile),
        unread=unread,
    )
    turn = find_turn(page)
    return keep_readable(beside.turn() if turn is not None and turn.transposed else beside)


def _name_unread(main: Directory) -> tuple[str, ...]:
    return tuple(words for code, words in _TOLD.items() if code in main.damaged)


def _make_reader(descriptor: int) -> Read:
    size = os.fstat(descriptor).st_size

    def read(offset: int, length: int) -> bytes:
        if not 0 <= offset < size or length < 0:
            return b""
        return pread(descriptor, min(length, size - offset), offset)

    return read


def _take_text(tags: dict[int, Any], code: int, order: str = "<") -> bytes:
    """Return the bytes of a tag; old writers say that IPTC is made of long numbers."""
    tag = tags.get(code)
    return tag.pack(order) if tag is not None else b""


def _name_channels(page: Any, samples: PageSamples) -> tuple[str, ...]:
    more = page.samplesperpixel - len(samples.taken)
    if more < 1:
        return ()
    which = f"its {more} channels" if more > 1 else "its channel"
    return (f"{which} beyond {samples.mode} and transparency (a spot ink, a mask)",)
