"""What of a file's metadata can be read, and words for what cannot."""

from __future__ import annotations

from dataclasses import replace
from xml.parsers import expat

from ..core.resources import read_blocks
from .beside import Beside

_IPTC = 1028  # of Photoshop's resources
_MARK, _EXTENDED = 0x1C, 0x8000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RECORD = "its IPTC record"


def keep_readable(beside: Beside) -> Beside:
    """Return metadata without what no reader takes, and with words for it."""
    iptc = cut_records(beside.iptc)
    is_damaged = bool(beside.xmp) and not is_well_formed(beside.xmp)
    words = {
        "the part of its EXIF that cannot be read": beside.description.is_damaged,
        "its XMP, which is damaged": is_damaged,
        f"the part of {_RECORD} that cannot be read": len(iptc) < len(beside.iptc.rstrip(b"\0")),
    }
    unread = tuple(text for text, is_so in words.items() if is_so)
    xmp = b"" if is_damaged else beside.xmp
    return replace(beside, xmp=xmp, iptc=iptc, unread=(*beside.unread, *unread))


def find_iptc(block: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return the IPTC record among the image resources of a TIFF or JPEG.

    Returns:
        The record, empty where there is none, and words for what cannot be read.
    """
    resources, is_whole = read_blocks(block)
    record = next((one.data for one in resources if one.id == _IPTC), b"")
    if record or is_whole:
        return record, ()
    return b"", (f"{_RECORD}, if it has one: its image resources are damaged",)


def cut_records(records: bytes) -> bytes:
    """Return the records of IPTC-IIM up to the first that is damaged."""
    at = 0
    while at + 5 <= len(records) and records[at] == _MARK:
        size, data = int.from_bytes(records[at + 3 : at + 5], "big"), at + 5
        if size & _EXTENDED:  # it is the length of the length
            data += size & ~_EXTENDED
            size = int.from_bytes(records[at + 5 : data], "big")
        if data + size > len(records):
            break
        at = data + size
    return records[:at]


def is_well_formed(packet: bytes) -> bool:
    """Tell whether a packet of XMP is XML, whatever its letters are."""
    is_wide = 0 in packet[:2] or packet[:2] in (b"\xfe\xff", b"\xff\xfe")  # UTF-16
    parser = expat.ParserCreate(None if is_wide else "iso-8859-1")
    parser.StartDoctypeDeclHandler = _refuse_types
    try:
        bare = packet if is_wide else packet.removeprefix(_BYTE_ORDER_MARK).strip(b"\0 \t\r\n")
        parser.Parse(bare, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def _refuse_types(*declared: object) -> None:
    """Refuse what can define texts that grow without end; XMP has none."""
    raise ValueError("a document type")
