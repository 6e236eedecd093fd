"""From what a client asks to the messages that say it. Standard library and protobuf only."""

from __future__ import annotations

import zlib

from frisket.client.options import Edge, HintSet, Options, Stroke
from frisket.protocol.choices import NORMALISE_OFF, quality_wire_name
from frisket.protocol.formats import pixel_format
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

_ZLIB_LEVEL = 1


def rect_message(rect: TileRect) -> pb.Rect:
    """Return the wire form of a rectangle."""
    return pb.Rect(x=rect.x, y=rect.y, width=rect.width, height=rect.height)


def edge_message(edge: Edge) -> pb.EdgeControls:
    """Return the wire form of edge controls."""
    return pb.EdgeControls(
        shift_px=edge.shift_px,
        feather_px=edge.feather_px,
        contrast=edge.contrast,
        smooth=edge.smooth,
        fill_holes=edge.fill_holes,
        drop_specks=edge.drop_specks,
    )


def hints_message(hints: HintSet) -> pb.Hints:
    """Return the wire form of hints; planes are announced, not carried."""
    return pb.Hints(
        boxes=[pb.Rect(x=x, y=y, width=w, height=h) for x, y, w, h in hints.boxes],
        points=[pb.HintPoint(x=p.x, y=p.y, positive=p.positive) for p in hints.points],
        scribbles=[_scribble_message(stroke) for stroke in hints.strokes],
        trimap=hints.trimap is not None,
        prior=hints.prior is not None,
    )


def options_message(options: Options) -> pb.MatteOptions:
    """Return the wire form of options.

    Raises:
        ValueError: there is no such quality.
    """
    return pb.MatteOptions(
        model=options.model,
        quality=quality_wire_name(options.quality),
        alpha_format=pixel_format(1, options.depth).wire_name,
        foreground_colours=options.foreground,
        hints=hints_message(options.hints),
        edge=edge_message(options.edge),
        normalise="" if options.normalise == NORMALISE_OFF else options.normalise,
        classes=options.classes,
    )


def pack(view: memoryview, packing: pb.Packing) -> pb.Pixels:
    """Return rows of pixels as they travel, with their checksum."""
    data = zlib.compress(view, _ZLIB_LEVEL) if packing == pb.PACKING_ZLIB else bytes(view)
    return pb.Pixels(data=data, packing=packing, crc32=zlib.crc32(data))


def _scribble_message(stroke: Stroke) -> pb.Scribble:
    return pb.Scribble(
        x=[x for x, _ in stroke.points],
        y=[y for _, y in stroke.points],
        radius_px=stroke.radius_px,
        positive=stroke.positive,
    )
