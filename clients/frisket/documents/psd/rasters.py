"""Rasters of a PSD document: which channels belong together and what they mean."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from ..colour import Colour
from ..core.errors import DocumentError, UnsupportedDocument
from ..core.model import Rect
from ..core.pixels import Pixels, convert_depth
from .channel import ChannelReader
from .encode import split_bands
from .planar import PlanarRaster, Plane
from .records import ALPHA, MASK, MASK_DISABLED, MASK_INVERTED, Record
from .structure import COLOURS
from .tree import Node

if TYPE_CHECKING:
    from .host import LayerHost, MergedHost

_INKS = ("CMYK", "MULTICHANNEL")


def build_layer_raster(document: LayerHost, record: Record) -> PlanarRaster:
    """Return a layer's pixels: colours by their number, then transparency where there is any."""
    numbers = list(range(_count_colours(document, record)))
    has_alpha = record.find_channel(ALPHA) is not None
    if has_alpha:
        numbers.append(ALPHA)
    planes = [_open_plane(document, record, number) for number in numbers]
    colour = describe_colour(document, len(numbers) - has_alpha)
    size = record.width, record.height
    return PlanarRaster(size, document.structure.depth, planes, colour, has_alpha)


def build_node_raster(document: LayerHost, node: Node) -> PlanarRaster:
    """Return the pixels of a layer as it is listed.

    Raises:
        UnsupportedDocument: It has none of its own.
    """
    if not node.record.width or not node.record.height:
        raise UnsupportedDocument(
            document.path,
            f"layer {node.layer.path!r} ({node.layer.kind}) has no pixels of its own",
            advice="choose a layer with pixels, or rasterise it first",
        )
    return build_layer_raster(document, node.record)


def _count_colours(document: LayerHost, record: Record) -> int:
    if document.mode == "MULTICHANNEL":
        return max(1, sum(channel.id >= 0 for channel in record.channels))
    return COLOURS[document.mode]


def _open_plane(document: LayerHost, record: Record, number: int) -> Plane | None:
    channel = record.find_channel(number)
    if channel is None or channel.length <= 2:
        return None
    return Plane(open_channel(document, record, number))


def is_blank(document: LayerHost, record: Record) -> bool:
    """Tell whether nothing of a layer can be seen: it has no pixels, or none that is opaque."""
    stored = [channel for channel in record.channels if channel.id >= 0 and channel.length > 2]
    if not record.opacity or not stored:
        return True
    own = record.find_channel(ALPHA)
    if own is None or not record.width or not record.height:
        return False
    if own.length <= 2:
        return True
    with contextlib.suppress(DocumentError):  # whoever reads the layer hears of it
        reader = open_channel(document, record, ALPHA)
        for band in split_bands(record.width, record.height):
            if reader.read_rows(band.y, band.bottom).any():
                return False
        return True
    return False


def build_channel_raster(document: LayerHost, record: Record, number: int) -> PlanarRaster:
    """Return one channel of a layer as a raster of its own."""
    channel = record.find_channel(number)
    assert channel is not None
    size = channel.width, channel.height
    plane = Plane(open_channel(document, record, number)) if channel.length > 2 else None
    return PlanarRaster(size, document.structure.depth, [plane], Colour("GRAY", colours=1), False)


def read_mask(document: LayerHost, record: Record, rect: Rect) -> Pixels | None:
    """Return a rectangle of a layer as its mask lets it through.

    Returns:
        float32 (height, width), 0 to 1; None where there is no mask, or it is switched off.
    """
    mask = record.mask
    if record.find_channel(MASK) is None or mask is None or mask.flags & MASK_DISABLED:
        return None
    values = np.full((rect.height, rect.width), mask.background / 255, np.float32)
    placed = rect.shift(record.left - mask.left, record.top - mask.top)
    part = placed.intersect(Rect(0, 0, *mask.size))
    if not part.empty:
        raster = build_channel_raster(document, record, MASK)
        y, x = part.y - placed.y, part.x - placed.x
        stored = convert_depth(raster.read(part)[..., 0], 32)
        values[y : y + part.height, x : x + part.width] = stored
    return np.asarray(1 - values) if mask.flags & MASK_INVERTED else values


def open_channel(document: LayerHost, record: Record, number: int) -> ChannelReader:
    """Return rows of one channel of a layer; the channel must exist."""
    channel = record.find_channel(number)
    assert channel is not None
    info = document.structure.layer_info
    assert info is not None
    return ChannelReader(
        document.source,
        channel.data,
        channel.length,
        (channel.width, channel.height),
        document.structure.depth,
        wide=document.structure.big,
        order=info.order,
    )


def build_merged_raster(document: MergedHost) -> PlanarRaster:
    """Return the merged image's colours, with transparency where the layers say it has one."""
    document.check_channels()
    info = document.structure.layer_info
    count = document.count_colours()
    has_alpha = info is not None and info.count < 0 and document.structure.channels > count
    planes = [open_merged_plane(document, number) for number in range(count + has_alpha)]
    size = document.width, document.height
    return PlanarRaster(
        size, document.structure.depth, planes, describe_colour(document, count), has_alpha
    )


def is_merged_blank(document: MergedHost) -> bool:
    """Tell whether every pixel of the merged image is the same, as where none was saved."""
    with contextlib.suppress(DocumentError):  # whoever reads it hears of it
        raster = build_merged_raster(document)
        first = None
        for band in split_bands(raster.width, raster.height):
            pixels = raster.read(band)
            first = pixels[:1, :1].copy() if first is None else first
            if (pixels != first).any():
                return False
        return True
    return False


def open_merged_plane(document: MergedHost, number: int) -> Plane:
    """Return one channel of the merged image, whose planes follow one another."""
    found = document.structure
    reader = ChannelReader(
        document.source,
        found.merged_at,
        document.source.size - found.merged_at,
        (found.width, found.height * found.channels),
        found.depth,
        wide=found.big,
    )
    return Plane(reader, number * found.height)


def describe_colour(document: LayerHost, colours: int) -> Colour:
    """Return the way from the document's samples to sRGB."""
    mode = document.mode
    return Colour(
        mode={"DUOTONE": "GRAY", "BITMAP": "GRAY"}.get(mode, mode),
        icc=None if mode == "DUOTONE" else document.icc_profile,
        palette=_read_palette(document) if mode == "INDEXED" else None,
        inverted=mode in _INKS or mode == "BITMAP",
        colours=colours,
    )


def _read_palette(document: LayerHost) -> Pixels | None:
    """Return (256, 3) uint8, stored as all reds, all greens, all blues."""
    found = document.structure
    if found.palette_length < 768:
        return None
    raw = document.source.read(found.palette_at + 4, 768)
    return np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(3, 256).T)
