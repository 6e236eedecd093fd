"""A PSD or PSB of plain layers, written from nothing, band by band."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..core.errors import OutputError
from ..core.model import Rect
from ..core.pixels import Pixels
from ..core.resources import ImageResource
from ..io.output import Output
from .encode import PlaneSpools
from .records import ALPHA, BLENDING_LENGTH, HIDDEN, MASK
from .splice_records import PSD_LIMIT
from .splice_selection import DISPLAY, IDENTIFIERS, NAMES, UNICODE_NAMES
from .structure import COLOURS, MODES, VERSION_INFO

MOST_SIDE = {False: 30_000, True: 300_000}
"""Pixels of a side, by whether the file is a PSB."""
_MODE_NUMBERS = {name: number for number, name in MODES.items()}
_DEEP_KEYS = {8: b"", 16: b"Lr16"}
_USEFUL_FLAGS = 0x08  # tells that the bit after it means something, as Photoshop itself writes it
_PACKED_AT_MOST = 65 / 64  # PackBits of noise, with a row's length
_TABLE_BYTES = 4
_BAND_PIXELS, _LEAST_ROWS, _MOST_ROWS = 2 << 20, 32, 512
# A channel's display: RGB of 16 bits, solid, and of the kind of spot colours.
_SPOT_DISPLAY = ">IH4HHB"
_SOLID, _SPOT_KIND = 100, 2
Read = Callable[[Rect], Pixels]


@dataclass(frozen=True)
class SpotInk:
    """A spot colour, which has a plate of its own.

    Attributes:
        name: of the ink, for press and people.
        colour: how screens show it: sRGB.
    """

    name: str
    colour: tuple[int, int, int]

    def list_resources(self) -> list[ImageResource]:
        """Return what tells that the one channel behind the colours is this ink's."""
        short, wide = self.name.encode("mac-roman", "replace")[:255], self.name.encode("utf-16-be")
        shown = struct.pack(
            _SPOT_DISPLAY, 1, 0, *(one * 257 for one in self.colour), 0, _SOLID, _SPOT_KIND
        )
        found = {
            NAMES: bytes((len(short),)) + short,
            UNICODE_NAMES: struct.pack(">I", len(wide) // 2) + wide,
            IDENTIFIERS: struct.pack(">I", 1),
            DISPLAY: shown,
        }
        return [ImageResource(number, b"", data) for number, data in found.items()]


@dataclass(frozen=True)
class LayerPlan:
    """One layer.

    Attributes:
        name: for people.
        rect: where it lies on the canvas; it may reach beyond it.
        read: returns a rectangle of it as (height, width, samples), of the document's depth:
            colours as the file stores them, then its transparency and its mask where it has them.
        has_alpha: whether it has transparency.
        has_mask: whether it has a mask, of its own size; what lies around is hidden.
        is_visible: whether it is shown.
    """

    name: str
    rect: Rect
    read: Read
    has_alpha: bool = False
    has_mask: bool = False
    is_visible: bool = True


@dataclass(frozen=True)
class LayeredPlan:
    """A document.

    Attributes:
        width, height: of the canvas.
        mode: RGB, GRAY or CMYK.
        depth: 8 or 16 bits.
        is_big: whether it is a PSB.
        layers: the lowest first.
        read: returns a rectangle of what all of them show, like that of a layer; colours lie over
            white where it is transparent. A spot's plate is last: 0 is full ink.
        has_alpha: whether that is transparent somewhere; not beside a spot.
        resources: image resources beside it.
        spot: an ink beside the mode's own, or None.
    """

    width: int
    height: int
    mode: str
    depth: int
    is_big: bool
    layers: tuple[LayerPlan, ...]
    read: Read
    has_alpha: bool
    resources: tuple[ImageResource, ...] = ()
    spot: SpotInk | None = None

    @property
    def merged_channels(self) -> int:
        """Channels of what all layers show."""
        return COLOURS[self.mode] + self.has_alpha + (self.spot is not None)

    @property
    def room(self) -> int:
        """The bytes that the file has at most, nearly."""
        extents = [(one.rect.width, one.rect.height, _list_ids(self, one)) for one in self.layers]
        planes = [(width, height, len(ids)) for width, height, ids in extents]
        planes.append((self.width, self.height, self.merged_channels))
        return sum(
            int(width * self.depth // 8 * _PACKED_AT_MOST + _TABLE_BYTES + 1) * height * count
            for width, height, count in planes
        )


def check_room(path: str, plan: LayeredPlan) -> None:
    """Refuse layers that a PSD may not hold.

    Raises:
        OutputError: It might have more bytes than it can count.
    """
    if not plan.is_big and plan.room > PSD_LIMIT:
        raise OutputError(
            path, f"its layers may have {plan.room / 1e9:.1f} GB, and a PSD has 2 GB at most",
            advice="write .psb",
        )  # fmt: skip


def write_layered(out: Output, plan: LayeredPlan) -> None:
    """Write the document; memory stays bounded whatever its size.

    Raises:
        OutputError: It cannot be written.
    """
    word = "Q" if plan.is_big else "I"
    head = struct.pack(
        ">4sH6xHIIHH", b"8BPS", 1 + plan.is_big, plan.merged_channels, plan.height, plan.width,
        plan.depth, _MODE_NUMBERS[plan.mode],
    )  # fmt: skip
    version = ImageResource(VERSION_INFO, b"", _pack_version())
    more = plan.spot.list_resources() if plan.spot else []
    resources = b"".join(one.pack() for one in (*plan.resources, *more, version))
    out.write(head + bytes(4) + struct.pack(">I", len(resources)) + resources)
    with _Length(out, word):
        _write_section(out, plan, word)
    _write_merged(out, plan)


def _pack_version() -> bytes:
    """Return what says that the merged image shows the layers."""
    names = b"".join(
        struct.pack(">I", len(name)) + name.encode("utf-16-be") for name in ("frisket", "frisket")
    )
    return struct.pack(">IB", 1, 1) + names + struct.pack(">I", 1)


class _Length:
    """A length before what is written within the block; filled in at its end.

    Args:
        out: the file.
        word: `struct`'s letter of the length.
        padding: what the length is brought to a multiple of, by zeros.
    """

    def __init__(self, out: Output, word: str, padding: int = 1) -> None:
        self._out, self._word, self._padding = out, f">{word}", padding

    def __enter__(self) -> None:
        self._at = self._out.tell()
        self._out.write(bytes(struct.calcsize(self._word)))

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            return
        begin = self._at + struct.calcsize(self._word)
        self._out.write(bytes(-(self._out.tell() - begin) % self._padding))
        length = self._out.tell() - begin
        self._out.patch(self._at, struct.pack(self._word, length))


def _write_section(out: Output, plan: LayeredPlan, word: str) -> None:
    """Write the layers: those of 16 bits lie in a block behind an empty standard place."""
    key = _DEEP_KEYS[plan.depth]
    if not key:
        with _Length(out, word, padding=4):
            _write_layers(out, plan, word)
        out.write(bytes(4))  # no global mask
        return
    out.write(bytes(struct.calcsize(word)) + bytes(4) + b"8BIM" + key)
    with _Length(out, word, padding=4):
        _write_layers(out, plan, word)
    if plan.has_alpha:
        out.write(b"8BIMMt16" + bytes(struct.calcsize(word)))


def _write_layers(out: Output, plan: LayeredPlan, word: str) -> None:
    count = len(plan.layers)
    out.write(struct.pack(">h", -count if plan.has_alpha else count))
    places = [_write_record(out, plan, one, number) for number, one in enumerate(plan.layers)]
    for layer, place in zip(plan.layers, places, strict=True):
        size = (layer.rect.width, layer.rect.height)
        with PlaneSpools(len(_list_ids(plan, layer)), out, plan.is_big) as spools:
            _spool(spools, size, layer.read)
            _patch_lengths(out, place, spools.write_each(), word)


def _list_ids(plan: LayeredPlan, layer: LayerPlan) -> list[int]:
    """Return the channels of a layer in the order in which `read` gives them."""
    more = [ALPHA] * layer.has_alpha + [MASK] * layer.has_mask
    return [*range(COLOURS[plan.mode]), *more]


def _write_record(out: Output, plan: LayeredPlan, layer: LayerPlan, number: int) -> int:
    """Write a layer's record, the lengths of its channels left open; where their list begins."""
    rect, ids = layer.rect, _list_ids(plan, layer)
    place = struct.pack(">4i", rect.y, rect.x, rect.bottom, rect.right)
    blending = b"8BIMnorm" + bytes((255, 0, _USEFUL_FLAGS | HIDDEN * (not layer.is_visible), 0))
    assert len(blending) == BLENDING_LENGTH
    mask = struct.pack(">I", 20) + place + bytes(4) if layer.has_mask else bytes(4)
    extra = mask + bytes(4) + _pack_names(layer.name, number + 1)
    out.write(place + struct.pack(">H", len(ids)))
    at = out.tell()
    room = bytes(8 if plan.is_big else 4)
    out.write(b"".join(struct.pack(">h", one) + room for one in ids))
    out.write(blending + struct.pack(">I", len(extra)) + extra)
    return at


def _pack_names(name: str, number: int) -> bytes:
    """Return a layer's short name, and the blocks of its whole one and of its number."""
    short = name.encode("mac-roman", "replace")[:255]
    pascal = bytes((len(short),)) + short
    text = struct.pack(">I", len(name.encode("utf-16-be")) // 2) + name.encode("utf-16-be")
    text += bytes(-len(text) % 4)
    blocks = b"8BIMluni" + struct.pack(">I", len(text)) + text
    return pascal + bytes(-len(pascal) % 4) + blocks + b"8BIMlyid" + struct.pack(">II", 4, number)


def _patch_lengths(out: Output, at: int, lengths: Sequence[int], word: str) -> None:
    step = 2 + struct.calcsize(word)
    for index, length in enumerate(lengths):
        out.patch(at + index * step + 2, struct.pack(f">{word}", length))


def _write_merged(out: Output, plan: LayeredPlan) -> None:
    with PlaneSpools(plan.merged_channels, out, plan.is_big) as spools:
        _spool(spools, (plan.width, plan.height), plan.read)
        spools.write_joined()


def _spool(spools: PlaneSpools, size: tuple[int, int], read: Read) -> None:
    width, height = size
    step = max(_LEAST_ROWS, min(_MOST_ROWS, _BAND_PIXELS // width))
    for y in range(0, height, step):
        band = Rect(0, y, width, min(step, height - y))
        spools.add(_split_planes(read(band)))


def _split_planes(pixels: Pixels) -> Iterator[Pixels]:
    for number in range(pixels.shape[-1]):
        yield pixels[..., number]
