"""A new cutout layer above the original, which is hidden but otherwise untouched."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.raster import BaseRaster
from ..base.writer import ResultWriter
from ..core.errors import UnsupportedDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth
from ..core.results import LayerResult, ResultOptions
from ..io.output import Output
from ..io.splicing import Edit, Splice
from .convert import check_named, convert_as_named
from .encode import make_alpha_writer, make_zip_writer, split_bands
from .rasters import build_channel_raster
from .records import (
    ALPHA,
    BLENDING_LENGTH,
    CHANNEL_LENGTH_AT,
    CHANNELS_AT,
    FLAGS_AT,
    HIDDEN,
    MASK,
    MASK_RENDERED,
    MAX_LAYERS,
    PROTECTED,
    REAL_MASK,
    Record,
)
from .splice_records import (
    LayerEdits,
    check_channel_count,
    check_depth,
    check_limit,
    check_size,
    estimate_room,
    mark_preview,
    require_info,
    shift_lengths,
)
from .tree import FILLS, VECTOR_MASKS, Node

if TYPE_CHECKING:
    from .document import PsdDocument
    from .host import LayerHost

# What makes the look of a layer beside its pixels: effects, fill opacity, blending, colour tag.
_LOOK = (b"lfx2", b"lrFX", b"lmfx", b"iOpa", b"infx", b"clbl", b"knko", b"brst", b"lclr",
         b"tsly", b"lmgm", b"vmgm")  # fmt: skip
_PIXELS_IRRELEVANT = 0x10
_MODES = ("RGB", "GRAY", "CMYK", "LAB", "DUOTONE")
_MOST_IDS = 1 << 32


def check_layer(
    document: PsdDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse new layers that the document cannot take.

    Raises:
        UnsupportedDocument: The mode has no layers, a layer cannot be copied, or there would be
            too many layers or channels.
        OutputError: The result would be too large.
    """
    check_named(document, output)
    if document.mode not in _MODES:
        raise UnsupportedDocument(
            document.path, f"a {document.mode} document has no layers", advice="use --as matte"
        )
    check_depth(document)
    full = abs(require_info(document).count) + len(layers) >= MAX_LAYERS
    if full or _find_next_id(document) + len(layers) > _MOST_IDS:
        raise UnsupportedDocument(
            document.path, "it has the most layers it can have", advice="use --as mask"
        )
    for layer in layers:
        record = document.find_node(layer).record
        if not record.channels or not record.name_at:
            raise UnsupportedDocument(
                document.path, f"layer {layer.path!r} cannot be copied", advice="use --as cutout"
            )
        check_channel_count(document, layer, len(_list_ids(record)))
    check_limit(document, output, document.source.size)


def splice_layer(
    document: PsdDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Write a copy of the document with a cutout above each of the layers."""
    with convert_as_named(document, output) as named:
        _splice(named, output, {result.layer: result for result in results})


def _splice(document: PsdDocument, output: Path, results: Mapping[Layer, LayerResult]) -> None:
    edits = LayerEdits(require_info(document))
    nodes = sorted((document.find_node(layer) for layer in results), key=lambda node: node.index)
    copies = []
    for number, node in enumerate(nodes):
        copy = _Copy(document, node, results[node.layer], _find_next_id(document) + number)
        edits.edits += copy.plan_edits()
        copies.append(copy)
    edits.edits.append(_raise_count(edits, len(nodes)))
    edits.edits += mark_preview(document)
    splice = Splice(document.source, edits.finish(document.structure))
    with document.open_copy(output, _estimate_room(document, results)) as file:
        splice.write(file)
        check_size(document, file)
        shift_lengths(file, splice, document.structure, edits)
        for copy in copies:
            copy.patch(file)


def _estimate_room(document: PsdDocument, results: Mapping[Layer, LayerResult]) -> int:
    room = estimate_room(document, [result.alpha for result in results.values()])
    for layer, result in results.items():
        record = document.find_node(layer).record
        raw = layer.width * layer.height * layer.depth // 8 * document.count_colours()
        copied = sum(channel.length for channel in record.channels)
        room += raw if result.colours is not None else copied
    return room


def _raise_count(edits: LayerEdits, more: int) -> Edit:
    """Raise the layer count; its sign says something else and is kept."""
    info = edits.info
    count = info.count - more if info.count < 0 else info.count + more
    return Edit(info.start, info.start + 2, struct.pack(f"{info.order}h", count))


def _find_next_id(document: PsdDocument) -> int:
    return max(node.layer.id for node in document.nodes) + 1


class _Copy:
    """One new layer: its record, and its channels, copied but for the transparency."""

    def __init__(self, document: PsdDocument, node: Node, result: LayerResult, number: int) -> None:
        self._document, self._record, self._colours = document, node.record, result.colours
        self._info = require_info(document)
        self._name, self._number = f"{node.layer.name} cutout", number
        self._alpha = Transparency(result.alpha, document, node)
        self._order = self._info.order
        self._word = f"{self._order}{'Q' if self._info.version == 2 else 'I'}"
        self._repeated = _has_repeated_mask(document, node.record)
        self._ids = [
            number for number in _list_ids(node.record) if not (self._repeated and number == MASK)
        ]
        self._head: Edit | None = None
        self._sizes: list[int] = []

    def plan_edits(self) -> list[Edit]:
        """Hide the original; add the record after it and the channels after its own."""
        record = self._record
        flags = bytes((record.flags | HIDDEN,))
        at = record.blend_at + FLAGS_AT
        self._head = Edit(record.end, record.end, self._pack_record())
        last = record.channels[-1]
        place = last.data + last.length
        return [Edit(at, at + 1, flags), self._head, Edit(place, place, self._write_channels)]

    def _pack_record(self) -> bytes:
        record, order, ids = self._record, self._order, self._ids
        room = bytes(struct.calcsize(self._word))
        head = struct.pack(
            f"{order}4iH", record.top, record.left, record.bottom, record.right, len(ids)
        )
        infos = b"".join(struct.pack(f"{order}h", number) + room for number in ids)
        blending = bytearray(self._document.source.read(record.blend_at, BLENDING_LENGTH))
        blending[FLAGS_AT] = record.flags & ~(PROTECTED | _PIXELS_IRRELEVANT)
        extra = self._pack_extra()
        return head + infos + bytes(blending) + struct.pack(f"{order}I", len(extra)) + extra

    def _pack_extra(self) -> bytes:
        """Pack mask and blending ranges as they are, the name, and what makes the look.

        Text, fills, smart objects and their filters would contradict the pixels: they stay out.
        """
        record = self._record
        skipped = 4 + record.mask_room if self._repeated else 0
        kept = bytes(4) if self._repeated else b""
        begin = record.mask_at + skipped
        kept += self._document.source.read(begin, record.name_at - begin)
        short = self._name.encode("mac-roman", "replace")[:255]
        pascal = bytes((len(short),)) + short
        text = self._name.encode("utf-16-le" if self._order == "<" else "utf-16-be")
        unicode_name = struct.pack(f"{self._order}I", len(text) // 2) + text
        blocks = self._pack_block(b"luni", unicode_name + bytes(-len(unicode_name) % 4))
        blocks += self._pack_block(b"lyid", struct.pack(f"{self._order}I", self._number))
        blocks += b"".join(self._copy_look())
        return kept + pascal + bytes(-len(pascal) % 4) + blocks

    def _copy_look(self) -> Iterator[bytes]:
        """Yield the blocks that a copy of pixels takes along, byte for byte.

        The pixels of a fill are cut by its vector mask already.
        """
        record = self._record
        keys = _LOOK if record.find_block(*FILLS) else (*_LOOK, *VECTOR_MASKS)
        for block in record.blocks:
            if block.key in keys:
                stop = block.data + block.length
                yield self._document.source.read(block.start, stop - block.start)

    def _pack_block(self, key: bytes, data: bytes) -> bytes:
        head = b"8BIM" + key if self._order == ">" else b"MIB8" + key[::-1]
        return head + struct.pack(f"{self._order}I", len(data)) + data

    def _write_channels(self, out: Output) -> None:
        for number in self._ids:
            begin = out.tell()
            self._plan_channel(number)(out)
            self._sizes.append(out.tell() - begin)

    def _plan_channel(self, number: int) -> Callable[[Output], None]:
        depth, wide = self._document.structure.depth, self._info.version == 2
        if number == ALPHA:
            return make_alpha_writer(self._alpha, depth, wide, self._order)
        if self._colours is not None and 0 <= number < self._document.count_colours():
            size = self._record.width, self._record.height
            return make_zip_writer(lambda rect: self._read_fresh(rect, number), size, self._order)
        return lambda out: self._copy_channel(out, number)

    def _read_fresh(self, rect: Rect, number: int) -> Pixels:
        assert self._colours is not None
        plane: Pixels = self._colours.read(rect)[..., number]
        return plane

    def _copy_channel(self, out: Output, number: int) -> None:
        channel = self._record.find_channel(number)
        assert channel is not None
        source = self._document.source
        out.copy(source.path, source.descriptor, channel.data, channel.length)

    def patch(self, out: Output) -> None:
        """Fill in the lengths of the new channels."""
        assert self._head is not None
        step = 2 + struct.calcsize(self._word)
        for index, size in enumerate(self._sizes):
            at = self._head.at + CHANNELS_AT + index * step + CHANNEL_LENGTH_AT
            out.patch(at, struct.pack(self._word, size))


def _list_ids(record: Record) -> list[int]:
    """Return the channels that a copy of the layer has."""
    ids = [channel.id for channel in record.channels]
    return ids if ALPHA in ids else [ALPHA, *ids]


def _has_repeated_mask(document: PsdDocument, record: Record) -> bool:
    """Tell whether the mask of a fill is its transparency once more, made from its vector mask.

    Beside pixels it would cut the edge a second time.
    """
    mask, own = record.find_channel(MASK), record.find_channel(ALPHA)
    if record.find_block(*FILLS) is None or record.mask is None or mask is None or own is None:
        return False
    if not record.mask.flags & MASK_RENDERED or record.find_channel(REAL_MASK) is not None:
        return False
    place = record.mask.top, record.mask.left, record.mask.bottom, record.mask.right
    if place != (record.top, record.left, record.bottom, record.right):
        return False
    one, two = (build_channel_raster(document, record, number) for number in (MASK, ALPHA))
    return all(
        np.array_equal(one.read(band), two.read(band))
        for band in split_bands(record.width, record.height)
    )


class Transparency:
    """An alpha times the transparency that the layer already has."""

    def __init__(self, alpha: AlphaSource, document: LayerHost, node: Node) -> None:
        if (alpha.width, alpha.height) != (node.record.width, node.record.height):
            raise ValueError(f"the alpha does not fit layer {node.layer.path!r}")
        self._alpha = alpha
        self._raster = _open_own(document, node.record)
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth

    def solid(self, rect: Rect) -> int | None:
        """Return what the alpha says, unless the layer has transparency of its own."""
        value = self._alpha.solid(rect)
        return value if self._raster is None or value == 0 else None

    def read(self, rect: Rect) -> Pixels:
        """Return the product, in the alpha's depth."""
        new = self._alpha.read(rect)
        if self._raster is None:
            return new
        top = (1 << self.depth) - 1
        own = convert_depth(self._raster.read(rect)[..., 0], self.depth).astype(np.uint32)
        return np.asarray((own * new + top // 2) // top).astype(new.dtype)


def _open_own(document: LayerHost, record: Record) -> BaseRaster | None:
    return build_channel_raster(document, record, ALPHA) if record.find_channel(ALPHA) else None


WRITER = ResultWriter(check_layer, splice_layer, many=True)
