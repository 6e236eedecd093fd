"""Reads hints; nothing of them becomes an allocation or a loop bound before it is checked here."""

from __future__ import annotations

import numpy as np

from frisket.matting import check_hints
from frisket.matting.engine import HintBox, HintPoint, Hints, Scribble
from frisket.protocol.limits import MAX_BOXES, MAX_POINTS, MAX_SCRIBBLE_POINTS, MAX_SCRIBBLES
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.wire import Plane
from frisket.v1 import matting_pb2 as pb

MAX_FRAME_HINT_BYTES = 64 << 10
"""Of the message; a scribble drawn by hand takes one to four."""


def list_planes(hints: pb.Hints) -> list[Plane]:
    """Return the planes that hints announce."""
    announced = ((Plane.TRIMAP, hints.trimap), (Plane.PRIOR, hints.prior))
    return [plane for plane, present in announced if present]


def read_frame_hints(hints: pb.Hints, layer: tuple[int, int]) -> Hints:
    """Return the hints of a key frame, in pixels of the frame, without their planes.

    Raises:
        ServiceError: BAD_HINT: there are too many.
        BadInput: one lies outside the frame.
    """
    if hints.ByteSize() > MAX_FRAME_HINT_BYTES:  # they are read where every frame is begun
        most = MAX_FRAME_HINT_BYTES >> 10
        raise _bad_hint(f"The hints of a frame take more than {most} KiB: draw shorter scribbles.")
    return read_hints(hints, layer)


def read_hints(hints: pb.Hints, layer: tuple[int, int]) -> Hints:
    """Return hints in pixels of the layer, without their planes.

    Raises:
        ServiceError: BAD_HINT: there are too many, or a scribble is none.
        BadInput: one lies outside the layer.
    """
    for count, limit, name in (
        (len(hints.boxes), MAX_BOXES, "boxes"),
        (len(hints.points), MAX_POINTS, "points"),
        (len(hints.scribbles), MAX_SCRIBBLES, "scribbles"),
    ):
        if count > limit:
            raise _bad_hint(f"{count} {name} are too many: at most {limit}.")
    found = Hints(
        boxes=tuple(HintBox(b.x, b.y, b.x + b.width, b.y + b.height) for b in hints.boxes),
        points=tuple(HintPoint(p.x, p.y, p.positive) for p in hints.points),
        scribbles=_read_scribbles(hints),
    )
    check_hints(found, layer)
    return found


def _bad_hint(message: str) -> ServiceError:
    return ServiceError(Reason.BAD_HINT, message)


def _read_scribbles(hints: pb.Hints) -> tuple[Scribble, ...]:
    """Return the lines as parts of one array: the memory of many small ones is hard to free."""
    lines = hints.scribbles
    if any(len(line.x) != len(line.y) or not line.x for line in lines):
        raise _bad_hint("A scribble needs as many x as y, and at least one.")
    if any(len(line.x) > MAX_SCRIBBLE_POINTS for line in lines):
        raise _bad_hint(f"A scribble has at most {MAX_SCRIBBLE_POINTS} points.")
    places = np.empty((sum(len(line.x) for line in lines), 2), np.uint32)
    found, start = [], 0
    for line in lines:
        part = places[start : start + len(line.x)]
        part[:, 0], part[:, 1] = line.x, line.y
        found.append(Scribble(part, line.radius_px, line.positive))
        start += len(part)
    return tuple(found)
