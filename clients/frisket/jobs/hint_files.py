"""Hints as a person gives them: boxes and points in pixels, trimap and prior as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frisket.client.errors import ClientError
from frisket.client.options import HintSet, Point, Stroke
from frisket.documents import open_document
from frisket.finish.mattes import reduce_matte
from frisket.protocol.grid import proxy_size
from frisket.protocol.limits import MAX_PROXY_SIDE_PX


class BadHint(ClientError):
    """A hint does not suit the layer."""


@dataclass(frozen=True)
class HintFiles:
    """Hints of one run: `boxes` are x, y, width, height; all in pixels of the layer.

    `trimap` and `prior` name greyscale pictures of the layer's own size; `strokes` are drawn lines.
    """

    boxes: tuple[tuple[int, int, int, int], ...] = ()
    points: tuple[Point, ...] = ()
    trimap: Path | None = None
    prior: Path | None = None
    strokes: tuple[Stroke, ...] = ()


def hint_set(hints: HintFiles, width: int, height: int, side: int = MAX_PROXY_SIDE_PX) -> HintSet:
    """Check hints against a layer of width x height pixels and reduce their pictures.

    Args:
        hints: as they were given.
        width: of the layer.
        height: the same.
        side: the longer side of its proxy at most, in pixels.

    Raises:
        BadHint: a hint lies outside the layer, contradicts another, or a picture has
            another size.
        DocumentError: a picture cannot be read.
    """
    for x, y, across, down in hints.boxes:
        if across < 1 or down < 1 or not _inside(x, y, width, height):
            raise BadHint(
                f"The box {x},{y},{across},{down} does not lie in the layer of "
                f"{width} x {height} px."
            )
    for point in hints.points:
        if not _inside(point.x, point.y, width, height):
            raise BadHint(
                f"The point {point.x},{point.y} lies outside the layer of {width} x {height} px."
            )
    trimap = _plane(hints.trimap, width, height, side, trimap=True)
    _check_contradictions(hints.points, trimap, width, height, side)
    return HintSet(
        boxes=hints.boxes,
        points=hints.points,
        trimap=trimap,
        strokes=hints.strokes,
        prior=_plane(hints.prior, width, height, side, trimap=False),
    )


def _check_contradictions(
    points: tuple[Point, ...], trimap: bytes | None, width: int, height: int, side: int
) -> None:
    """Refuse what cannot both be true; a person who paints over a stroke may, a script may not."""
    across, down = proxy_size(width, height, side)
    kinds: dict[tuple[int, int], bool] = {}
    for point in points:
        place = f"{point.x},{point.y}"
        if kinds.setdefault((point.x, point.y), point.positive) is not point.positive:
            raise BadHint(f"The points +{place} and -{place} contradict each other: leave one out.")
        if trimap is None:
            continue
        said = trimap[point.y * down // height * across + point.x * across // width]
        if said == (0 if point.positive else 255):
            sign, named = ("+", "background") if point.positive else ("-", "foreground")
            raise BadHint(f"The point {sign}{place} lies in the trimap's {named}: leave one out.")


def _inside(x: int, y: int, width: int, height: int) -> bool:
    return 0 <= x < width and 0 <= y < height


def _plane(path: Path | None, width: int, height: int, side: int, trimap: bool) -> bytes | None:
    """Return a picture as greyscale rows of the proxy's size."""
    if path is None:
        return None
    with open_document(path) as document:
        raster = document.raster(document.find_layer(None))
        if (raster.width, raster.height) != (width, height):
            raise BadHint(
                f"{path} is {raster.width} x {raster.height} px and the layer "
                f"{width} x {height} px: they must be of the same size."
            )
        if trimap:
            return _three_values(raster.proxy(side)[..., 0]).tobytes()
        return np.ascontiguousarray(reduce_matte(raster, side)).tobytes()


def _three_values(
    grey: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Whatever a reduced trimap mixes is unknown."""
    return np.where(grey == 0, 0, np.where(grey == 255, 255, 128)).astype(np.uint8)
