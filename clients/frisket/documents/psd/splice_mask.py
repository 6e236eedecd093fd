"""Layer masks spliced into PSD and PSB files; everything else is copied."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.writer import ResultWriter
from ..core.errors import OutputError, UnsupportedDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth
from ..core.results import LayerResult, ResultOptions
from ..io.splicing import Edit, Splice
from .channel import ChannelReader
from .convert import check_named, convert_as_named
from .encode import make_alpha_writer
from .rasters import open_channel
from .records import (
    MASK,
    MASK_DISABLED,
    MASK_INVERTED,
    MASK_UNLINKED,
    MASK_WITH_PARAMETERS,
    REAL_MASK,
    USER_DENSITY,
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
from .tree import VECTOR_MASKS, Node

if TYPE_CHECKING:
    from .document import PsdDocument
    from .host import LayerHost


def check_mask(
    document: PsdDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse masks that the document cannot take.

    Raises:
        OutputError: A mask exists and was not to be touched, or the result would be too large.
        UnsupportedDocument: The document's depth or number of channels does not allow it.
    """
    check_named(document, output)
    check_masks(document, layers, options.existing)
    kept = document.structure.merged_at if options.preview == "render" else document.source.size
    check_limit(document, output, kept - sum(_measure_mask(document, layer) for layer in layers))


def _measure_mask(document: PsdDocument, layer: Layer) -> int:
    channels = document.find_node(layer).record.channels
    return sum(channel.length for channel in channels if channel.id in (MASK, REAL_MASK))


def check_masks(host: LayerHost, layers: Sequence[Layer], existing: str) -> None:
    """Refuse layers that cannot carry a mask, or have one that is not to be touched.

    Raises:
        OutputError: A mask exists and ``existing`` is ``refuse``.
        UnsupportedDocument: The depth or the number of channels does not allow a mask.
        UnreadableDocument: A mask that is to be multiplied cannot be read.
    """
    check_depth(host)
    for layer in layers:
        record = host.find_node(layer).record
        if record.find_channel(MASK) is None:
            check_channel_count(host, layer, len(record.channels) + 1)
        if _has_mask(record):
            _check_existing(host, layer, record, existing)


def _has_mask(record: Record) -> bool:
    return any(channel.id in (MASK, REAL_MASK) for channel in record.channels)


def _check_existing(host: LayerHost, layer: Layer, record: Record, existing: str) -> None:
    if existing == "refuse":
        raise OutputError(
            host.path, f"layer {layer.path!r} already has a mask",
            advice="--existing replace or --existing multiply says what becomes of it",
        )  # fmt: skip
    if existing == "multiply" and record.mask is not None:
        if record.mask.parameters.feather:
            raise UnsupportedDocument(
                host.path, f"the mask of layer {layer.path!r} has a feather, and a product would "
                "blur the new edge too", advice="use --existing replace, or apply the feather first"
            )  # fmt: skip
        old = _OldMask.find(record)
        if 0 not in old.size:
            open_channel(host, record, old.channel)


def splice_mask(
    document: PsdDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Write a copy of the document in which layers carry masks."""
    with convert_as_named(document, output) as named:
        _splice(named, output, results, options)


def _splice(
    document: PsdDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    masks = {result.layer: result.alpha for result in results}
    edits = LayerEdits(require_info(document))
    used = add_masks(document, edits, masks, options.existing)
    edits.edits += _edit_preview(document, used, options.preview)
    splice = Splice(document.source, edits.finish(document.structure))
    room = estimate_room(document, [*masks.values(), *_list_doubled(document, masks)])
    if options.preview == "render":
        found = document.structure
        room += found.channels * found.height * (found.width * found.depth // 8 * 65 // 64 + 8)
    with document.open_copy(output, room) as file:
        splice.write(file)
        check_size(document, file)
        shift_lengths(file, splice, document.structure, edits)


def _list_doubled(
    document: PsdDocument, masks: Mapping[Layer, AlphaSource]
) -> Iterator[AlphaSource]:
    """Yield the alphas that are written twice, beside a vector mask."""
    for layer, alpha in masks.items():
        if document.find_node(layer).record.find_channel(REAL_MASK) is not None:
            yield alpha


def _edit_preview(
    document: PsdDocument, masks: Mapping[int, AlphaSource], preview: str
) -> list[Edit]:
    """Compose the merged image again where asked for and possible, else mark it as stale.

    ``keep`` leaves it alone, for those who know that the mask does not change what is seen.
    """
    if preview == "keep":
        return []
    if preview == "render":
        from .splice_preview import PreviewComposer

        fresh = PreviewComposer(document, masks)
        if fresh.is_exact():
            return [fresh.plan_edit()]
    return mark_preview(document)


def add_masks(
    host: LayerHost, edits: LayerEdits, masks: Mapping[Layer, AlphaSource], existing: str
) -> dict[int, AlphaSource]:
    """Plan the edits that give layers their masks.

    Returns:
        The alphas that go in, by the index of the layer's record.
    """
    nodes = sorted((host.find_node(layer) for layer in masks), key=lambda node: node.index)
    return {node.index: _add_mask(host, edits, node, masks[node.layer], existing) for node in nodes}


def _add_mask(
    document: LayerHost, edits: LayerEdits, node: Node, alpha: AlphaSource, existing: str
) -> AlphaSource:
    record = node.record
    if (alpha.width, alpha.height) != (record.width, record.height):
        raise ValueError(f"the alpha does not fit layer {node.layer.path!r}")
    multiplied = existing == "multiply" and _has_mask(record) and record.mask is not None
    if multiplied:
        alpha = MultipliedMask(alpha, document, record)
    info = edits.info
    write = make_alpha_writer(alpha, document.structure.depth, info.version == 2, info.order)
    kept = record.mask.flags & MASK_UNLINKED if multiplied and record.mask else 0
    edits.replace_mask_block(record, _pack_mask_block(record, info.order, kept))
    edits.set_channel(record, MASK, write)
    if record.find_channel(REAL_MASK) is not None:
        edits.set_channel(record, REAL_MASK, write)
    return alpha


def _pack_mask_block(record: Record, order: str, flags: int) -> bytes:
    """Return a mask block with the layer's rectangle, hiding all around it.

    Beside a vector mask there are two user masks: the one to be seen, and the one that a person
    painted. Both get the layer's rectangle. Parameters of a vector mask are its own and stay.
    """
    rectangle = struct.pack(f"{order}4i", record.top, record.left, record.bottom, record.right)
    vector = _pack_vector_parameters(record)
    flags |= MASK_WITH_PARAMETERS if vector else 0
    body = rectangle + bytes((0, flags))
    if record.find_channel(REAL_MASK) is not None:
        body += bytes(2) + rectangle
    body += vector
    body += bytes(-len(body) % 4)
    return struct.pack(f"{order}I", len(body)) + body


def _pack_vector_parameters(record: Record) -> bytes:
    """Return the parameters of a vector mask, beside a user mask that hides wholly."""
    vector = record.mask.parameters.vector if record.mask else b""
    if not vector or record.find_block(*VECTOR_MASKS) is None:
        return b""
    # Some readers take the vector mask's density for a user mask that says nothing of its own.
    return bytes((vector[0] | USER_DENSITY, 255)) + vector[1:]


def open_mask(host: LayerHost, layer: Layer) -> AlphaSource | None:
    """Return the mask that a layer shows, of its size; None where there are no pixels of one.

    Raises:
        UnreadableDocument: It cannot be decoded.
    """
    record = host.find_node(layer).record
    if not _has_mask(record) or record.mask is None:
        return None
    depth = 8 if host.structure.depth <= 8 else 16
    return MultipliedMask(_Opaque(layer.width, layer.height, depth), host, record)


@dataclass(frozen=True)
class _Opaque:
    """An alpha that hides nothing."""

    width: int
    height: int
    depth: int

    def solid(self, rect: Rect) -> int:
        return (1 << self.depth) - 1

    def read(self, rect: Rect) -> Pixels:
        kind = np.uint8 if self.depth == 8 else np.uint16
        return np.full((rect.height, rect.width), self.solid(rect), kind)


@dataclass(frozen=True)
class _OldMask:
    """The mask that a person painted, whichever of the two channels it lies in."""

    channel: int
    left: int
    top: int
    size: tuple[int, int]
    background: int
    flags: int
    density: int

    @classmethod
    def find(cls, record: Record) -> _OldMask:
        """Return the real user mask where there is one, else the user mask."""
        mask = record.mask
        assert mask is not None
        density = mask.parameters.density
        if mask.real is not None:
            top, left, _, _ = mask.real
            return cls(
                REAL_MASK, left, top, mask.real_size, mask.real_background, mask.real_flags, density
            )
        return cls(MASK, mask.left, mask.top, mask.size, mask.background, mask.flags, density)


class MultipliedMask:
    """A new alpha times the mask that the layer already has."""

    def __init__(self, alpha: AlphaSource, document: LayerHost, record: Record) -> None:
        self._alpha, self._mask, self._record = alpha, _OldMask.find(record), record
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth
        empty = 0 in self._mask.size or record.find_channel(self._mask.channel) is None
        self._reader = None if empty else open_channel(document, record, self._mask.channel)
        self._kept: tuple[int, int, Pixels] | None = None

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or None: only nothing stays nothing without a look at the old mask."""
        value = self._alpha.solid(rect)
        return 0 if value == 0 else None

    def read(self, rect: Rect) -> Pixels:
        """Return the product, in the new alpha's depth."""
        new = self._alpha.read(rect)
        if self._mask.flags & MASK_DISABLED:
            return new
        top = (1 << self.depth) - 1
        old = self._soften(self._read_old(rect).astype(np.uint32), top)
        return ((old * new + top // 2) // top).astype(new.dtype)

    def _soften(self, old: Pixels, top: int) -> Pixels:
        """Let through what the density lets through of what the mask hides."""
        hidden = (top - old) * self._mask.density
        return np.asarray(top - (hidden + 127) // 255)

    def _read_old(self, rect: Rect) -> Pixels:
        """Return the old mask under ``rect``, its background where it does not reach."""
        top = (1 << self.depth) - 1
        kind = np.uint8 if self.depth == 8 else np.uint16
        full = np.full((rect.height, rect.width), top if self._mask.background else 0, kind)
        placed = rect.shift(self._record.left - self._mask.left, self._record.top - self._mask.top)
        width, height = self._mask.size
        part = placed.intersect(Rect(0, 0, width, height))
        if self._reader is not None and not part.empty:
            rows = self._read_rows(self._reader, part.y, part.bottom)[:, part.x : part.right]
            y, x = part.y - placed.y, part.x - placed.x
            full[y : y + part.height, x : x + part.width] = convert_depth(rows, self.depth)
        return (top - full).astype(kind) if self._mask.flags & MASK_INVERTED else full

    def _read_rows(self, reader: ChannelReader, first: int, last: int) -> Pixels:
        if self._kept is None or self._kept[:2] != (first, last):
            self._kept = first, last, reader.read_rows(first, last)
        return self._kept[2]


WRITER = ResultWriter(check_mask, splice_mask, many=True)
