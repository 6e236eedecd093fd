"""The sections of a PSD or PSB file, found without reading a pixel."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.resources import SIGNATURES
from ..io.limits import check_raster
from ..io.source import Cursor, Source
from .records import Block, LayerInfo, read_blocks, read_layer_info

MODES = {
    0: "BITMAP",
    1: "GRAY",
    2: "INDEXED",
    3: "RGB",
    4: "CMYK",
    7: "MULTICHANNEL",
    8: "DUOTONE",
    9: "LAB",
}
COLOURS = {"BITMAP": 1, "GRAY": 1, "INDEXED": 1, "RGB": 3, "CMYK": 4, "DUOTONE": 1, "LAB": 3}
# Where the fields of the header lie, as `_read_header` meets them.
VERSION_AT = 4
MERGED_CHANNELS_AT = 12
DEPTH_AT = 22  # the colour mode follows
VERSION_LENGTH = COUNT_LENGTH = 2
# In the resource with the version info: its own version, then whether the preview is real.
VERSION_INFO, REAL_PREVIEW_AT = 1057, 4
_MAX_RESOURCES = 65536
_DEEP_KEYS = (b"Lr16", b"Lr32", b"Layr")


@dataclass(frozen=True)
class Resource:
    """An image resource; ``start`` is its signature, ``data`` the first byte of its content."""

    id: int
    name: bytes
    start: int
    data: int
    length: int

    @property
    def end(self) -> int:
        """The first byte after the resource and its padding to even."""
        return self.data + self.length + self.length % 2


@dataclass
class Structure:
    """Where everything in the file is.

    Attributes:
        version: 1 for PSD, 2 for PSB.
        channels: Channels of the merged image.
        palette_at: Position of the length of the colour mode data.
        resources_at: Position of the length of the resources.
        section_at: Position of the length of the layer and mask section.
        section_length: That length.
        resources_whole: Whether all of the resources can be read.
        layer_info: The layers, or None where there are none.
        standard_at: Position of the standard layer-info length, or 0 without a section.
        blocks: Tagged blocks of the document.
        merged_at: Position of the merged image's compression code.
    """

    version: int
    channels: int
    height: int
    width: int
    depth: int
    mode: str
    palette_at: int = 26
    palette_length: int = 0
    resources_at: int = 0
    resources_length: int = 0
    resources: list[Resource] = field(default_factory=list)
    resources_whole: bool = True
    section_at: int = 0
    section_length: int = 0
    standard_at: int = 0
    layer_info: LayerInfo | None = None
    blocks: list[Block] = field(default_factory=list)
    blocks_at: int = 0
    merged_at: int = 0

    @property
    def big(self) -> bool:
        """Whether lengths of the file are those of a PSB."""
        return self.version == 2

    def find_resource(self, number: int) -> Resource | None:
        """Return the first image resource with an id."""
        return next((one for one in self.resources if one.id == number), None)


def read_structure(source: Source) -> Structure:
    """Index a file.

    Raises:
        UnreadableDocument: Truncated, or with lengths that cannot be true.
        UnsupportedDocument: A version or depth that does not exist.
    """
    cursor = Cursor(source, 0, source.size)
    found = _read_header(cursor)
    found.palette_length = cursor.number("I")
    cursor.skip(found.palette_length)
    _read_resources(cursor, found)
    _read_section(cursor, found)
    return found


def _read_header(cursor: Cursor) -> Structure:
    path = cursor.source.path
    if cursor.left < 26 or cursor.take(4) != b"8BPS":
        raise UnreadableDocument(path, "not a PSD file: the header is missing", offset=0)
    version = cursor.number("H")
    cursor.skip(6)
    channels, height, width, depth, mode = cursor.numbers("HIIHH")
    if version not in (1, 2):
        raise UnsupportedDocument(path, f"PSD version {version} does not exist", offset=4)
    if depth not in (1, 8, 16, 32):
        raise UnsupportedDocument(path, f"a depth of {depth} bits does not exist", offset=22)
    if mode not in MODES:
        raise UnsupportedDocument(path, f"colour mode {mode} is not known", offset=24)
    check_raster(path, width, height, channels)
    return Structure(version, channels, height, width, depth, MODES[mode])


def _read_resources(cursor: Cursor, found: Structure) -> None:
    found.resources_at = cursor.position
    found.resources_length = cursor.number("I")
    part = Cursor(cursor.source, cursor.position, cursor.position + found.resources_length)
    cursor.skip(found.resources_length)
    while part.left >= 12 and len(found.resources) < _MAX_RESOURCES:
        start = part.position
        signature = part.take(4)
        if signature not in SIGNATURES:
            found.resources_whole = signature == bytes(4)  # padding
            break
        number = part.number("H")
        name = part.take(part.number("B"))
        part.skip(min(part.left, (len(name) + 1) % 2))
        length = part.number("I")
        found.resources.append(Resource(number, name, start, part.position, length))
        part.skip(length)
        part.skip(min(part.left, length % 2))


def _read_section(cursor: Cursor, found: Structure) -> None:
    found.section_at = cursor.position
    if cursor.left < (8 if found.big else 4):
        found.merged_at = cursor.source.size
        return
    found.section_length = cursor.length(found.big)
    part = Cursor(cursor.source, cursor.position, cursor.position + found.section_length)
    cursor.skip(found.section_length)
    found.merged_at = cursor.position
    if part.left >= (8 if found.big else 4):
        _read_layers(part, found)


def _read_layers(part: Cursor, found: Structure) -> None:
    found.standard_at = part.position
    length = part.length(found.big)
    start = part.position
    part.skip(length)
    if length:
        found.layer_info = LayerInfo(
            start, length, found.standard_at, found.big, None, found.version
        )
    _skip_global_mask(part)
    found.blocks_at = part.position
    found.blocks = read_blocks(part, found.version, 4)
    deep = next((block for block in found.blocks if block.key in _DEEP_KEYS), None)
    if deep is not None and deep.length >= 2:
        found.layer_info = LayerInfo(
            deep.data, deep.length, deep.length_at, deep.wide, deep.key, found.version
        )
    if found.layer_info is not None:
        read_layer_info(part.source, found.layer_info)


def _skip_global_mask(part: Cursor) -> None:
    """Step over the global mask information, which some writers leave out."""
    if part.left < 4:
        return
    start = part.position
    if part.take(4) in (b"8BIM", b"8B64"):
        part.position = start
        return
    part.position = start
    part.skip(part.number("I"))
