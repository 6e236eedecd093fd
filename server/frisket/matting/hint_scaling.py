"""Turns hints in pixels of the layer into hints in pixels of its proxy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frisket.matting.engine import HintBox, HintPoint, Hints, Scribble
from frisket.matting.errors import BadInput

Size = tuple[int, int]


def check_hints(hints: Hints, layer: Size) -> None:
    """Check that hints in pixels of a layer begin inside it.

    Args:
        hints: boxes, points and scribbles in pixels of the layer.
        layer: its (width, height) in pixels.

    Raises:
        BadInput: one lies outside the layer, or a box has no size.
    """
    for box in hints.boxes:
        if box.right <= box.left or box.bottom <= box.top:
            raise BadInput("A box of no size says nothing: draw it around the subject.")
    places = [(box.left, box.top) for box in hints.boxes]
    places += [(point.x, point.y) for point in hints.points]
    _check_places(np.array(places, np.float64).reshape(-1, 2), layer)
    for line in hints.scribbles:
        _check_places(line.line, layer)


def _check_places(places: NDArray[Any], layer: Size) -> None:
    outside = ((places < 0) | (places >= layer)).any(axis=1)
    if outside.any():
        x, y = places[int(outside.argmax())]
        raise BadInput(
            f"The point {x:.0f},{y:.0f} lies outside the layer of {layer[0]} x {layer[1]} px."
        )


def scale_hints(hints: Hints, layer: Size, proxy: Size) -> Hints:
    """Return hints scaled from a layer to its proxy; planes stay as they are.

    Args:
        hints: boxes, points and scribbles in pixels of the layer.
        layer: its (width, height) in pixels.
        proxy: likewise of the proxy.

    Raises:
        BadInput: as `check_hints`.
    """
    check_hints(hints, layer)
    return replace(
        hints,
        boxes=tuple(_scale_box(box, layer, proxy) for box in hints.boxes),
        points=tuple(_scale_point(point, layer, proxy) for point in hints.points),
        scribbles=_scale_scribbles(hints.scribbles, layer, proxy),
    )


def _scale_box(box: HintBox, layer: Size, proxy: Size) -> HintBox:
    right = min(box.right, layer[0]) * proxy[0] / layer[0]
    bottom = min(box.bottom, layer[1]) * proxy[1] / layer[1]
    return HintBox(box.left * proxy[0] / layer[0], box.top * proxy[1] / layer[1], right, bottom)


def _scale_point(point: HintPoint, layer: Size, proxy: Size) -> HintPoint:
    return replace(point, x=point.x * proxy[0] / layer[0], y=point.y * proxy[1] / layer[1])


def _scale_scribbles(lines: tuple[Scribble, ...], layer: Size, proxy: Size) -> tuple[Scribble, ...]:
    if not lines:
        return ()
    # One array for all: thousands of small ones would stay in the heap when they are freed.
    places = np.concatenate([line.line for line in lines]).astype(np.float64)
    # In this order: the quotient of the sizes alone would round differently.
    places *= proxy
    places /= layer
    ends = np.cumsum([len(line.line) for line in lines])[:-1]
    return tuple(
        replace(line, line=part, radius=_scale_radius(line.radius, layer, proxy))
        for line, part in zip(lines, np.split(places, ends), strict=True)
    )


def _scale_radius(radius: float, layer: Size, proxy: Size) -> float:
    return min(max(1.0, radius * proxy[0] / layer[0]), float(max(proxy)))
