"""Turns hints in pixels of the layer into hints in pixels of its proxy."""

from __future__ import annotations

from dataclasses import replace

from frisket.matting.engine import HintBox, HintPoint, Hints, Scribble
from frisket.matting.errors import BadInput

Size = tuple[int, int]


def scale_hints(hints: Hints, layer: Size, proxy: Size) -> Hints:
    """Return hints scaled from a layer to its proxy; planes stay as they are.

    Args:
        hints: boxes, points and scribbles in pixels of the layer.
        layer: its (width, height) in pixels.
        proxy: likewise of the proxy.

    Raises:
        BadInput: a hint begins outside the layer, or a box has no size.
    """
    return replace(
        hints,
        boxes=tuple(_scale_box(box, layer, proxy) for box in hints.boxes),
        points=tuple(_scale_point(point, layer, proxy) for point in hints.points),
        scribbles=tuple(_scale_scribble(line, layer, proxy) for line in hints.scribbles),
    )


def _scale_spot(x: float, y: float, layer: Size, proxy: Size) -> tuple[float, float]:
    if not (0 <= x < layer[0] and 0 <= y < layer[1]):
        raise BadInput(
            f"The point {x:.0f},{y:.0f} lies outside the layer of {layer[0]} x {layer[1]} px."
        )
    return x * proxy[0] / layer[0], y * proxy[1] / layer[1]


def _scale_box(box: HintBox, layer: Size, proxy: Size) -> HintBox:
    if box.right <= box.left or box.bottom <= box.top:
        raise BadInput("A box of no size says nothing: draw it around the subject.")
    left, top = _scale_spot(box.left, box.top, layer, proxy)
    right = min(box.right, layer[0]) * proxy[0] / layer[0]
    bottom = min(box.bottom, layer[1]) * proxy[1] / layer[1]
    return HintBox(left, top, right, bottom)


def _scale_point(point: HintPoint, layer: Size, proxy: Size) -> HintPoint:
    x, y = _scale_spot(point.x, point.y, layer, proxy)
    return replace(point, x=x, y=y)


def _scale_scribble(line: Scribble, layer: Size, proxy: Size) -> Scribble:
    points = tuple(_scale_spot(x, y, layer, proxy) for x, y in line.line)
    radius = max(1.0, line.radius * proxy[0] / layer[0])
    return replace(line, line=points, radius=min(radius, float(max(proxy))))
