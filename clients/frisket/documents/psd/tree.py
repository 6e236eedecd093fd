"""From flat layer records to the tree that people see."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ..core.model import Layer
from ..io.source import Source
from .records import ALPHA, HIDDEN, MASK, REAL_MASK, Record

BLEND_MODES = {
    b"pass": "pass-through", b"norm": "normal", b"diss": "dissolve", b"dark": "darken",
    b"mul ": "multiply", b"idiv": "color-burn", b"lbrn": "linear-burn", b"dkCl": "darker-color",
    b"lite": "lighten", b"scrn": "screen", b"div ": "color-dodge", b"lddg": "linear-dodge",
    b"lgCl": "lighter-color", b"over": "overlay", b"sLit": "soft-light", b"hLit": "hard-light",
    b"vLit": "vivid-light", b"lLit": "linear-light", b"pLit": "pin-light", b"hMix": "hard-mix",
    b"diff": "difference", b"smud": "exclusion", b"fsub": "subtract", b"fdiv": "divide",
    b"hue ": "hue", b"sat ": "saturation", b"colr": "color", b"lum ": "luminosity",
}  # fmt: skip
_SMART = (b"SoLd", b"SoLE", b"PlLd", b"plLd")
_SHAPE = (b"vscg", b"vstk", b"vogk")
VECTOR_MASKS = (b"vmsk", b"vsms")
FILLS = (b"SoCo", b"GdFl", b"PtFl", b"vscg")
_ADJUST = frozenset(
    b"levl curv brit hue2 blnc selc thrs post nvrt mixr phfl expA blwh vibA clrL grdm CgEd".split()
) | {b"hue "}
_LONGEST_NAME = 4096
MAC_ROMAN = "mac-roman"
_ENCODINGS = (
    MAC_ROMAN, "utf-8", "cp1252", "shift_jis", "gb18030", "big5", "euc-kr", "cp1251",
    "mac-cyrillic", "cp1250", "mac-latin2", "cp1253", "cp1254", "cp1255", "cp1256",
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A layer as listed, and the record it stands for."""

    layer: Layer
    record: Record
    index: int


def build_nodes(
    source: Source, records: list[Record], mode: str, depth: int, encoding: str = ""
) -> list[Node]:
    """Return nodes in tree order, topmost first; ``records`` come bottom first, as in the file.

    Names that have no Unicode form are read in ``encoding``, or in the one that the names with
    both forms agree with.
    """
    encoding = encoding or guess_encoding(source, records)
    nodes: list[Node] = []
    groups: list[str] = []
    taken: set[int] = set()
    for index in range(len(records) - 1, -1, -1):
        record = records[index]
        section = _read_section(source, record)
        if section == 3:  # the end of a group, which lies below what the group holds
            if groups:
                groups.pop()
            continue
        name = read_name(source, record, encoding)
        number = _choose_id(source, record, taken, index)
        layer = _describe_layer(
            record, name, groups, number, _tell_kind(record, section), mode, depth
        )
        nodes.append(Node(layer, record, index))
        if section in (1, 2):
            groups.append(name)
    return nodes


def _describe_layer(
    record: Record, name: str, groups: list[str], number: int, kind: str, mode: str, depth: int
) -> Layer:
    return Layer(
        id=number,
        path="/".join([*groups, name]),
        name=name,
        kind=kind,
        x=record.left,
        y=record.top,
        width=record.width,
        height=record.height,
        visible=not record.flags & HIDDEN,
        blend_mode=BLEND_MODES.get(record.blend, record.blend.decode("latin-1").strip()),
        has_mask=any(channel.id in (MASK, REAL_MASK) for channel in record.channels),
        depth=8 if depth == 1 else depth,
        mode=mode,
        has_alpha=any(channel.id == ALPHA for channel in record.channels),
        level=len(groups),
    )


def _read_section(source: Source, record: Record) -> int:
    """Return 0 for a layer, 1 or 2 for a group, 3 for a group's end."""
    block = record.find_block(b"lsct", b"lsdk")
    if block is None or block.length < 4:
        return 0
    raw = source.read(block.data, 4)
    return int.from_bytes(raw, "big") if raw[0] == 0 else int.from_bytes(raw, "little")


def read_name(source: Source, record: Record, encoding: str = MAC_ROMAN) -> str:
    """Return the Unicode name where there is one, else the short one."""
    name = _read_unicode_name(source, record)
    return name or record.name.decode(encoding, "replace")


def _read_unicode_name(source: Source, record: Record) -> str:
    block = record.find_block(b"luni")
    if block is None or not 4 <= block.length <= 2 * _LONGEST_NAME:
        return ""
    raw = source.read(block.data, block.length)
    swapped = raw[0] != 0  # a count never reaches the top byte of a big-endian number
    count = int.from_bytes(raw[:4], "little" if swapped else "big")
    text = raw[4 : 4 + 2 * count].decode("utf-16-le" if swapped else "utf-16-be", "replace")
    return text.rstrip("\0")


def guess_encoding(source: Source, records: list[Record]) -> str:
    """Return the encoding of short names, by the layers that have a name in both forms.

    Where none tells, names of more than ASCII that are valid UTF-8 are that, and all else is what
    Photoshop wrote before names were Unicode.
    """
    telling = [record for record in records if not record.name.isascii()]
    known = {record.name: _read_unicode_name(source, record) for record in telling}
    both = {short: name for short, name in known.items() if name}
    for encoding in _ENCODINGS if both else ():
        if all(_says(short, encoding, name) for short, name in both.items()):
            return encoding
    with contextlib.suppress(UnicodeDecodeError):
        if telling and all(short.decode("utf-8") for short in known):
            return "utf-8"
    return MAC_ROMAN


def _says(short: bytes, encoding: str, name: str) -> bool:
    """Tell whether a short name, which may be cut off, is the beginning of the Unicode one."""
    text = short.decode(encoding, "ignore")
    return bool(text) and name.startswith(text)


def _choose_id(source: Source, record: Record, taken: set[int], index: int) -> int:
    """Return the document's own id of the layer; another where it is missing or doubled."""
    block = record.find_block(b"lyid")
    number = 0
    if block is not None and block.length == 4:
        raw = source.read(block.data, 4)
        big, little = int.from_bytes(raw, "big"), int.from_bytes(raw, "little")
        number = min(big, little)
    if number <= 0 or number in taken:
        number = index + 1
        while number in taken:
            number += 100_000
    taken.add(number)
    return number


def _tell_kind(record: Record, section: int) -> str:
    if section in (1, 2):
        return "group"
    if record.find_block(b"TySh", b"tySh"):
        return "text"
    if record.find_block(*_SMART):
        return "smart"
    filled = record.find_block(*FILLS)
    if record.find_block(*_SHAPE) or (filled and record.find_block(*VECTOR_MASKS)):
        return "shape"
    if filled or any(block.key in _ADJUST for block in record.blocks):
        return "adjustment"
    return "pixel"
