"""A plain tiled TIFF, written tile by tile; tiles without content are stored once."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels, as_bytes, to_byte_order
from ..io.output import Output
from ..io.parallel import map_ordered

ASCII, SHORT, LONG, UNDEFINED, LONG8 = 2, 3, 4, 7, 16
_FORMATS = {1: "B", ASCII: "B", SHORT: "H", LONG: "I", 5: "II", UNDEFINED: "B", LONG8: "Q"}
_CLASSIC_LIMIT = (1 << 32) - (1 << 26)
DEFLATE = 8


@dataclass(frozen=True)
class Tag:
    """One directory entry before it is laid out."""

    code: int
    kind: int
    values: tuple[int, ...] | bytes

    def pack(self, order: str) -> bytes:
        """Return the values as bytes."""
        if isinstance(self.values, bytes):
            return self.values
        return struct.pack(f"{order}{len(self.values)}{_FORMATS[self.kind]}", *self.values)


@dataclass(frozen=True)
class TiledPlan:
    """What the image is.

    Attributes:
        width: Columns.
        height: Rows.
        samples: PageSamples of a pixel.
        dtype: uint8, uint16 or float32.
        photometric: TIFF photometric interpretation.
        extra: Meanings of samples beyond the colours; 2 is unassociated alpha.
        icc: Profile to embed.
        tile: Side of a tile, a multiple of 16.
        predictor: 1 for none, 2 for horizontal differences.
        level: Deflate level.
        order: Byte order in ``struct`` notation.
        bigtiff: Said where the page goes into an existing file.
        extra_tags: More entries of the directory.
    """

    width: int
    height: int
    samples: int
    dtype: np.dtype[np.generic]
    photometric: int
    extra: tuple[int, ...] = ()
    icc: bytes | None = None
    tile: int = 512
    predictor: int = 1
    level: int = 1
    order: str = "<"
    bigtiff: bool | None = None
    extra_tags: tuple[Tag, ...] = field(default=())

    @property
    def raw_bytes(self) -> int:
        """Bytes of all tiles without compression: what is needed at most, nearly."""
        across, down = -(-self.width // self.tile), -(-self.height // self.tile)
        return across * down * self.tile**2 * self.samples * self.dtype.itemsize

    @property
    def big(self) -> bool:
        """Whether it may pass four gigabytes, or goes into a file that did."""
        if self.bigtiff is not None:
            return self.bigtiff
        return self.raw_bytes > _CLASSIC_LIMIT

    def tiles(self) -> Iterable[Rect]:
        """Yield tiles in storage order, cropped to the image."""
        for y in range(0, self.height, self.tile):
            for x in range(0, self.width, self.tile):
                yield Rect(x, y, min(self.tile, self.width - x), min(self.tile, self.height - y))


def encode_tile(plan: TiledPlan, pixels: Pixels) -> bytes:
    """Deflate a tile of (rows, columns, samples), padded to its full size."""
    import imagecodecs

    side = plan.tile
    if pixels.shape[:2] != (side, side):
        full = np.zeros((side, side, plan.samples), plan.dtype)
        full[: pixels.shape[0], : pixels.shape[1]] = pixels
        pixels = full
    if plan.predictor == 2:
        pixels = imagecodecs.delta_encode(np.ascontiguousarray(pixels), axis=-2)
    stored = np.ascontiguousarray(pixels.astype(to_byte_order(plan.dtype, plan.order), copy=False))
    data: Any = as_bytes(stored)
    return bytes(imagecodecs.deflate_encode(data, level=plan.level))


class TiledWriter:
    """Takes encoded tiles in order and closes the file with its directory."""

    def __init__(self, out: Output, plan: TiledPlan) -> None:
        self._out, self._plan = out, plan
        self._offsets: list[int] = []
        self._counts: list[int] = []
        self._shared: dict[object, tuple[int, int]] = {}
        if out.tell() == 0:
            out.write(_pack_header(plan.big, 0))
        self._position = out.tell()

    def add(self, data: bytes, key: object = None) -> None:
        """Append a tile; tiles with the same ``key`` (not None) are stored once."""
        if key is not None and key in self._shared:
            offset, count = self._shared[key]
        else:
            offset, count = self._position, len(data)
            self._out.write(data + bytes(len(data) % 2))
            self._position += count + count % 2
            if key is not None:
                self._shared[key] = offset, count
        self._offsets.append(offset)
        self._counts.append(count)

    @property
    def count(self) -> int:
        """Tiles so far."""
        return len(self._offsets)

    def directory(self, big: bool) -> int:
        """Write the directory, of a BigTIFF or a classic file; its position."""
        return write_directory(self._out, self._list_tags(big), big, self._plan.order)

    def finish(self) -> None:
        """Write the directory of a file of its own and point the header at it."""
        self._out.patch(0, _pack_header(self._plan.big, self.directory(self._plan.big)))

    def _list_tags(self, big: bool) -> list[Tag]:
        plan = self._plan
        bits = plan.dtype.itemsize * 8
        wide = LONG8 if big else LONG
        tags = [
            Tag(254, LONG, (0,)),
            Tag(256, LONG, (plan.width,)),
            Tag(257, LONG, (plan.height,)),
            Tag(258, SHORT, (bits,) * plan.samples),
            Tag(259, SHORT, (DEFLATE,)),
            Tag(262, SHORT, (plan.photometric,)),
            Tag(277, SHORT, (plan.samples,)),
            Tag(284, SHORT, (1,)),
            Tag(317, SHORT, (plan.predictor,)),
            Tag(322, LONG, (plan.tile,)),
            Tag(323, LONG, (plan.tile,)),
            Tag(324, wide, tuple(self._offsets)),
            Tag(325, LONG, tuple(self._counts)),
            Tag(339, SHORT, (3 if plan.dtype.kind == "f" else 1,) * plan.samples),
            *plan.extra_tags,
        ]
        if plan.extra:
            tags.append(Tag(338, SHORT, plan.extra))
        if plan.icc:
            tags.append(Tag(34675, UNDEFINED, plan.icc))
        return tags


def write_tiles(writer: TiledWriter, plan: TiledPlan, alpha: AlphaSource) -> None:
    """Write all tiles of an alpha; solid ones are encoded and stored once."""
    solids: dict[int, bytes] = {}

    def encode(tile: Rect) -> tuple[bytes, object]:
        value = alpha.solid(tile)
        if value is None:
            return encode_tile(plan, alpha.read(tile)[..., None]), None
        if value not in solids:
            solids[value] = encode_tile(plan, np.full((plan.tile, plan.tile, 1), value, plan.dtype))
        return solids[value], value

    for data, key in map_ordered(encode, plan.tiles(), ahead=8):
        writer.add(data, key)


def _pack_header(big: bool, directory: int) -> bytes:
    if big:
        return struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory)
    return struct.pack("<2sHI", b"II", 42, directory)


def write_directory(out: Output, tags: list[Tag], big: bool, order: str = "<") -> int:
    """Append values that do not fit into their entries, then the directory; its position."""
    word, entry_form = ("Q", "HHQ") if big else ("I", "HHI")
    inline = 8 if big else 4
    entries = b""
    for tag in sorted(tags, key=lambda one: one.code):
        data = tag.pack(order)
        count = len(data) // struct.calcsize(order + _FORMATS[tag.kind])
        if len(data) > inline:
            position = out.align(8)
            out.write(data)
            data = struct.pack(order + word, position)
        entries += struct.pack(order + entry_form, tag.code, tag.kind, count)
        entries += data.ljust(inline, b"\0")
    position = out.align(8)
    head = struct.pack(order + ("Q" if big else "H"), len(tags))
    out.write(head + entries + bytes(inline))
    return position
