"""A PSD as named parts that cover all of its bytes, for comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.difference import Part
from .channel import RLE
from .records import BLENDING_LENGTH, MASK, REAL_MASK, Block, LayerInfo, Record
from .tree import read_name

if TYPE_CHECKING:
    from .document import PsdDocument

_DEEP = (b"Lr16", b"Lr32", b"Layr")
_NAMES = {MASK: "mask", REAL_MASK: "real mask"}


def list_parts(document: PsdDocument) -> Iterator[Part]:
    """Yield every part of the file; lengths, which follow from the parts, are left out."""
    found, source = document.structure, document.source
    yield Part("format", value=b"PSB" if found.big else b"PSD")
    yield Part("header", value=source.read(0, 4) + source.read(6, 20))
    yield Part("colour mode data", found.palette_at + 4, found.palette_length)
    yield from _list_resources(document)
    if found.layer_info is not None:
        yield from _list_layers(document, found.layer_info)
    yield from _find_mask_information(document)
    for block in found.blocks:
        if block.key not in _DEEP:
            yield _describe_block("block", block, 4, source.size)
    yield from _find_tail(document)
    yield _describe_pixels(
        document, "merged image", found.merged_at, source.size - found.merged_at,
        found.channels * found.height,
    )  # fmt: skip


def _list_resources(document: PsdDocument) -> Iterator[Part]:
    found = document.structure
    position = end = found.resources_at + 4
    for resource in found.resources:
        stop = min(resource.end, end + found.resources_length)
        yield Part(f"resource {resource.id}", resource.start, stop - resource.start)
        position = stop
    rest = found.resources_at + 4 + found.resources_length - position
    if rest:
        yield Part("rest of the resources", position, rest)


def _find_mask_information(document: PsdDocument) -> Iterator[Part]:
    """Return what lies between the standard layer info and the tagged blocks."""
    found, wide = document.structure, 8 if document.structure.big else 4
    if not found.standard_at:
        return
    length = int.from_bytes(document.source.read(found.standard_at, wide), "big")
    start = found.standard_at + wide + length
    yield Part("global mask information", start, found.blocks_at - start)


def _find_tail(document: PsdDocument) -> Iterator[Part]:
    found = document.structure
    if not found.blocks_at:
        return
    end = found.blocks[-1].find_padded_end(4) if found.blocks else found.blocks_at
    if end < found.merged_at:
        yield Part("rest of the section", end, found.merged_at - end)


def _describe_pixels(document: PsdDocument, name: str, start: int, length: int, rows: int) -> Part:
    """Return planes as a part; row lengths are compared as numbers, whatever their width."""
    width = 4 if document.structure.big else 2
    packed = length > 2 and document.source.read(start, 2) == RLE.to_bytes(2, "big")
    fits = packed and length - 2 >= rows * width
    return Part(name, start, length, table=(2, rows, width) if fits else (0, 0, width))


def _describe_block(owner: str, block: Block, padding: int, limit: int) -> Part:
    stop = min(block.find_padded_end(padding), limit)
    name = f"{owner} {block.key.decode('latin-1').strip()}"
    return Part(name, block.data, stop - block.data)


def _list_layers(document: PsdDocument, info: LayerInfo) -> Iterator[Part]:
    yield Part("sign of the layer count", value=b"-" if info.count < 0 else b"+")
    labels = [_label_record(document, index, record) for index, record in enumerate(info.records)]
    for label, record in zip(labels, info.records, strict=True):
        yield from _list_record(document, label, record)
        for channel in record.channels:
            name = _NAMES.get(channel.id, f"channel {channel.id}")
            yield _describe_pixels(
                document, f"{label} {name}", channel.data, channel.length, channel.height
            )
    rest = info.start + info.length - info.channels_end
    if rest >= 4:  # less is padding, which follows from the rest
        yield Part("rest of the layers", info.channels_end, rest)


def _label_record(document: PsdDocument, index: int, record: Record) -> str:
    node = next((one for one in document.nodes if one.index == index), None)
    if node is not None:
        return f"layer {node.layer.path}"
    return f"group end {read_name(document.source, record)}"


def _list_record(document: PsdDocument, label: str, record: Record) -> Iterator[Part]:
    ids = [number for number, _, _ in record.channel_info if number not in (MASK, REAL_MASK)]
    yield Part(f"{label} rectangle", record.start, 16)
    yield Part(f"{label} channel list", value=repr(ids).encode())
    yield Part(f"{label} blending", record.blend_at, BLENDING_LENGTH)
    if record.mask_room:
        yield Part(f"{label} mask block", record.mask_at + 4, record.mask_room)
    ranges = record.mask_at + 4 + record.mask_room
    if record.name_at:
        yield Part(f"{label} blending ranges", ranges, record.name_at - ranges)
        name_end = record.blocks[0].start if record.blocks else record.end
        yield Part(f"{label} name", record.name_at, name_end - record.name_at)
    end = record.blocks[-1].find_padded_end(1) if record.blocks else record.end
    for block in record.blocks:
        yield _describe_block(label, block, 1, record.end)
    if record.blocks and end < record.end:
        yield Part(f"{label} rest of the record", end, record.end - end)
