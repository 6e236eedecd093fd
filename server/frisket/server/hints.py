"""Turns hints of the wire (pixels of the layer) into hints of the engine (pixels of the proxy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from frisket.matting import engine
from frisket.models import Box, ModelInfo, Point, Prompt, Stroke
from frisket.protocol.limits import MAX_BOXES, MAX_POINTS, MAX_SCRIBBLE_POINTS, MAX_SCRIBBLES
from frisket.server.errors import invalid
from frisket.server.wire import Opening
from frisket.v1 import matting_pb2 as pb

Planes = dict[int, npt.NDArray[np.uint8]]


def expected_planes(hints: pb.Hints) -> list[pb.Plane]:
    """Return the planes that hints announce."""
    announced = ((pb.PLANE_TRIMAP, hints.trimap), (pb.PLANE_PRIOR, hints.prior))
    return [plane for plane, present in announced if present]


def read_hints(hints: pb.Hints, planes: Planes, opening: Opening) -> engine.Hints | None:
    """Check hints and scale them to the proxy; None when there are none.

    Raises:
        ServiceError: BAD_HINT: too many, outside the layer, or of uneven length.
    """
    _check_counts(hints)
    scaled = engine.Hints(
        boxes=tuple(_box(box, opening) for box in hints.boxes),
        points=tuple(engine.HintPoint(*_spot(p.x, p.y, opening), p.positive) for p in hints.points),
        scribbles=tuple(_scribble(line, opening) for line in hints.scribbles),
        trimap=planes.get(pb.PLANE_TRIMAP),
        prior=planes.get(pb.PLANE_PRIOR),
    )
    return None if scaled.empty else scaled


def check_classes(classes: Sequence[str], info: ModelInfo) -> None:
    """Refuse classes that a model does not have.

    Raises:
        ServiceError: BAD_CLASS; it lists those that exist.
    """
    known = info.cuttable
    for name in classes:
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has no classes"
            raise invalid("BAD_CLASS", f"The model {info.name} knows no class '{name}': {have}.")


def prompt_of(hints: engine.Hints | None, classes: Sequence[str] = ()) -> Prompt | None:
    """Return what a model needs of the hints, and of the classes asked for."""
    if hints is None or not (hints.boxes or hints.points or hints.scribbles):
        return Prompt(classes=tuple(classes)) if classes else None
    return Prompt(
        classes=tuple(classes),
        boxes=tuple(Box(box.left, box.top, box.right, box.bottom) for box in hints.boxes),
        points=tuple(Point(point.x, point.y, point.positive) for point in hints.points),
        strokes=tuple(Stroke(line.line, line.positive) for line in hints.scribbles),
    )


def _check_counts(hints: pb.Hints) -> None:
    for values, limit, name in (
        (hints.boxes, MAX_BOXES, "boxes"),
        (hints.points, MAX_POINTS, "points"),
        (hints.scribbles, MAX_SCRIBBLES, "scribbles"),
    ):
        if len(values) > limit:
            raise invalid("BAD_HINT", f"{len(values)} {name} are too many: at most {limit}.")


def _spot(x: int, y: int, opening: Opening) -> tuple[float, float]:
    grid = opening.grid
    if x >= grid.width or y >= grid.height:
        raise invalid(
            "BAD_HINT",
            f"The point {x},{y} lies outside the layer of {grid.width} x {grid.height} px.",
        )
    return x * opening.proxy_width / grid.width, y * opening.proxy_height / grid.height


def _box(box: pb.Rect, opening: Opening) -> engine.HintBox:
    if not box.width or not box.height:
        raise invalid("BAD_HINT", "A box of no size says nothing: draw it around the subject.")
    left, top = _spot(box.x, box.y, opening)
    grid = opening.grid
    right = min(box.x + box.width, grid.width) * opening.proxy_width / grid.width
    bottom = min(box.y + box.height, grid.height) * opening.proxy_height / grid.height
    return engine.HintBox(left, top, right, bottom)


def _scribble(line: pb.Scribble, opening: Opening) -> engine.Scribble:
    if len(line.x) != len(line.y) or not line.x:
        raise invalid("BAD_HINT", "A scribble needs as many x as y, and at least one.")
    if len(line.x) > MAX_SCRIBBLE_POINTS:
        raise invalid("BAD_HINT", f"A scribble has at most {MAX_SCRIBBLE_POINTS} points.")
    points = tuple(_spot(x, y, opening) for x, y in zip(line.x, line.y, strict=True))
    radius = max(1.0, line.radius_px * opening.proxy_width / opening.grid.width)
    longer = float(max(opening.proxy_width, opening.proxy_height))
    return engine.Scribble(points, min(radius, longer), line.positive)
