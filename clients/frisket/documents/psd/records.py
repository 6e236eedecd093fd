"""Layer records: where every layer's header, blocks and channels lie.

Only structure is read. Offsets are absolute positions in the file, so that splicing can copy
everything around what it replaces.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ..core.errors import UnreadableDocument
from ..io.source import Cursor, Source

MASK, REAL_MASK, ALPHA = -2, -3, -1
MAX_LAYERS = 32768
MAX_CHANNELS = 64
_MAX_COORDINATE = 1 << 24
SIGNATURES = (b"8BIM", b"8B64")

# Where the fields of a record lie, as `_read_record` meets them.
CHANNEL_COUNT_AT = 16  # after the rectangle
CHANNELS_AT = 18
CHANNEL_LENGTH_AT = 2  # in the entry of a channel, after its id
# In the blending fields: signature, mode, opacity, clipping, flags, filler.
FLAGS_AT = 10
BLENDING_LENGTH = 12
PROTECTED, HIDDEN = 0x01, 0x02  # flags of a layer
# In the mask block: its length, then the rectangle, the background, the flags.
MASK_RECTANGLE_AT = 4
MASK_BODY_LENGTH = 18
MASK_UNLINKED, MASK_DISABLED, MASK_INVERTED = 0x01, 0x02, 0x04
MASK_RENDERED, MASK_WITH_PARAMETERS = 0x08, 0x10
# Bits that say which parameters follow, in this order, and their bytes.
USER_DENSITY, _USER_FEATHER, _VECTOR_DENSITY, _VECTOR_FEATHER = 0x01, 0x02, 0x04, 0x08
_PARAMETER_SIZES = {USER_DENSITY: 1, _USER_FEATHER: 8, _VECTOR_DENSITY: 1, _VECTOR_FEATHER: 8}

# Blocks whose length takes eight bytes in a PSB.
WIDE_KEYS = frozenset(
    b"LMsk Lr16 Lr32 Layr Mt16 Mt32 Mtrn Alph FMsk lnk2 lnk3 lnkE FXid FEid FELS PxSD pths "
    b"extd extn cinf artd".split()
)


@dataclass(frozen=True)
class Block:
    """A tagged block: ``start`` is its signature, ``data`` the first byte of its content."""

    key: bytes
    start: int
    data: int
    length: int
    length_at: int
    wide: bool

    def find_padded_end(self, padding: int) -> int:
        """Return the first byte after the block and its padding."""
        return self.data + self.length + (-self.length % padding)


@dataclass(frozen=True)
class Channel:
    """One channel of a layer; ``length`` counts the two bytes of the compression code."""

    id: int
    length: int
    info_at: int
    data: int
    width: int
    height: int


@dataclass(frozen=True)
class MaskParameters:
    """What softens the masks of a layer.

    Attributes:
        density: Of the user mask, 0..255: how much of what it hides is hidden.
        feather: Of the user mask, in pixels.
        vector: Those of the vector mask as they are stored, with the byte that lists them; empty
            where there are none.
    """

    density: int = 255
    feather: float = 0.0
    vector: bytes = b""


@dataclass(frozen=True)
class MaskBlock:
    """The rectangles of a layer's masks, on the canvas."""

    at: int
    length: int
    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0
    background: int = 0
    flags: int = 0
    real: tuple[int, int, int, int] | None = None
    real_flags: int = 0
    real_background: int = 0
    parameters: MaskParameters = MaskParameters()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the user mask."""
        return max(0, self.right - self.left), max(0, self.bottom - self.top)

    @property
    def real_size(self) -> tuple[int, int]:
        """Width and height of the real user mask."""
        if self.real is None:
            return 0, 0
        top, left, bottom, right = self.real
        return max(0, right - left), max(0, bottom - top)


@dataclass
class Record:
    """One layer record, with the positions of all its parts."""

    start: int
    top: int
    left: int
    bottom: int
    right: int
    channel_info: list[tuple[int, int, int]]
    blend_at: int = 0
    blend: bytes = b"norm"
    opacity: int = 255
    clipping: int = 0
    flags: int = 0
    extra_at: int = 0
    extra_length: int = 0
    mask: MaskBlock | None = None
    mask_at: int = 0
    mask_room: int = 0
    name_at: int = 0
    name: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    end: int = 0
    channels: list[Channel] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Columns of the layer."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Rows of the layer."""
        return max(0, self.bottom - self.top)

    def find_block(self, *keys: bytes) -> Block | None:
        """Return the first block with one of the keys."""
        return next((block for block in self.blocks if block.key in keys), None)

    def find_channel(self, number: int) -> Channel | None:
        """Return the channel with an id, or None."""
        return next((channel for channel in self.channels if channel.id == number), None)

    def size_of(self, number: int) -> tuple[int, int]:
        """Return width and height of a channel."""
        if number == MASK:
            return self.mask.size if self.mask else (0, 0)
        if number == REAL_MASK:
            return self.mask.real_size if self.mask else (0, 0)
        return self.width, self.height


@dataclass
class LayerInfo:
    """The stretch that holds records and channel data.

    Attributes:
        start: Position of the layer count.
        length: Claimed bytes from ``start`` on.
        length_at: Position of the length itself.
        wide: That length takes eight bytes.
        key: None in the standard place, else Lr16, Lr32 or Layr.
        version: 1 for PSD, 2 for PSB.
        order: Byte order in ``struct`` notation.
    """

    start: int
    length: int
    length_at: int
    wide: bool
    key: bytes | None
    version: int
    order: str = ">"
    count: int = 0
    records: list[Record] = field(default_factory=list)
    channels_at: int = 0
    channels_end: int = 0


def read_layer_info(source: Source, info: LayerInfo) -> LayerInfo:
    """Fill ``info`` with its records and the positions of their channels.

    Raises:
        UnreadableDocument: Counts, lengths or rectangles that cannot be true.
    """
    cursor = Cursor(source, info.start, info.start + info.length, info.order)
    info.count = cursor.number("h")
    if abs(info.count) > MAX_LAYERS:
        raise _refuse(source, f"{abs(info.count)} layers", info.start)
    for _ in range(abs(info.count)):
        info.records.append(_read_record(cursor, info.version))
    info.channels_at = cursor.position
    for record in info.records:
        _place_channels(cursor, record)
    info.channels_end = cursor.position
    return info


def _place_channels(cursor: Cursor, record: Record) -> None:
    for number, length, info_at in record.channel_info:
        width, height = record.size_of(number)
        channel = Channel(number, length, info_at, cursor.position, width, height)
        record.channels.append(channel)
        cursor.skip(length)


def _refuse(source: Source, what: str, offset: int) -> UnreadableDocument:
    return UnreadableDocument(source.path, f"{what} cannot be true", offset=offset)


def _read_record(cursor: Cursor, version: int) -> Record:
    start = cursor.position
    top, left, bottom, right, count = cursor.numbers("4iH")
    if count > MAX_CHANNELS:
        raise _refuse(cursor.source, f"{count} channels of a layer", start)
    if max(map(abs, (top, left, bottom, right))) > _MAX_COORDINATE:
        raise _refuse(cursor.source, "the rectangle of a layer", start)
    info = []
    for _ in range(count):
        at = cursor.position
        number, length = cursor.numbers("hQ" if version == 2 else "hI")
        info.append((number, length, at))
    record = Record(start, top, left, bottom, right, info, blend_at=cursor.position)
    if cursor.key() not in SIGNATURES:
        raise UnreadableDocument(
            cursor.source.path, "a layer record lacks its signature", offset=record.blend_at
        )
    record.blend = cursor.key()
    record.opacity, record.clipping, record.flags, _ = cursor.numbers("4B")
    _read_extra(cursor, record, version)
    return record


def _read_extra(cursor: Cursor, record: Record, version: int) -> None:
    record.extra_at = cursor.position
    record.extra_length = cursor.number("I")
    begin = cursor.position
    cursor.skip(record.extra_length)
    record.end = cursor.position
    part = Cursor(cursor.source, begin, record.end, cursor.order)
    record.mask_at = begin
    if part.left < 4:
        return
    record.mask = _read_mask(part, record)
    if part.left >= 4:
        part.skip(part.number("I"))  # blending ranges
    record.name_at = part.position
    if part.left:
        record.name = part.take(part.number("B"))
        part.skip(min(part.left, -(1 + len(record.name)) % 4))
    record.blocks = read_blocks(part, version, 1)


def _read_mask(part: Cursor, record: Record) -> MaskBlock | None:
    at = part.position
    length = record.mask_room = part.number("I")
    body = Cursor(part.source, part.position, part.position + length, part.order)
    part.skip(length)
    if length < MASK_BODY_LENGTH:
        return None
    top, left, bottom, right, background, flags = body.numbers("4i2B")
    if max(map(abs, (top, left, bottom, right))) > _MAX_COORDINATE:
        raise _refuse(part.source, "the rectangle of a mask", at)
    has_real = any(number == REAL_MASK for number, _, _ in record.channel_info)
    real_flags, real_background, real = 0, 0, None
    if has_real and length >= 2 * MASK_BODY_LENGTH:
        real_flags, real_background, *rectangle = body.numbers("2B4i")
        if max(map(abs, rectangle)) > _MAX_COORDINATE:
            raise _refuse(part.source, "the rectangle of a mask", at)
        real = (rectangle[0], rectangle[1], rectangle[2], rectangle[3])
    parameters = _read_parameters(body) if flags & MASK_WITH_PARAMETERS else MaskParameters()
    return MaskBlock(
        at, length, top, left, bottom, right, background, flags,
        real, real_flags, real_background, parameters,
    )  # fmt: skip


def _read_parameters(body: Cursor) -> MaskParameters:
    """Return the parameters that are there in full; some writers cut them short."""
    present = body.number("B") if body.left else 0
    found: dict[int, bytes] = {}
    for bit, size in _PARAMETER_SIZES.items():
        if present & bit and body.left >= size:
            found[bit] = body.take(size)
    density = found.pop(USER_DENSITY, b"\xff")[0]
    feather = found.pop(_USER_FEATHER, bytes(8))
    vector = bytes((sum(found),)) + b"".join(found.values()) if found else b""
    return MaskParameters(density, struct.unpack(f"{body.order}d", feather)[0], vector)


def read_blocks(cursor: Cursor, version: int, padding: int) -> list[Block]:
    """Return the tagged blocks up to the end of the stretch or the first thing that is none."""
    blocks = []
    while cursor.left >= 12:
        start = cursor.position
        signature = cursor.key()
        if signature not in SIGNATURES:
            cursor.position = start
            break
        key = cursor.key()
        wide = version == 2 and key in WIDE_KEYS
        at = cursor.position
        if cursor.left < (8 if wide else 4):
            cursor.position = start
            break
        length = cursor.length(wide)
        block = Block(key, start, cursor.position, length, at, wide)
        cursor.skip(length)
        cursor.skip(min(cursor.left, -length % padding))
        blocks.append(block)
    return blocks
