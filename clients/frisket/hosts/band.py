"""Where a person has brushed over the edge: there it is searched anew. Pure Python."""

from __future__ import annotations

from dataclasses import replace

from frisket.client.options import HintSet, LayerSpec, Stroke
from frisket.hosts.planes import draw_trimap

HAIR = (255, 255, 0)
"""The brush's colour, in sRGB; neither of the colours that keep and remove."""

_UNKNOWN = b"\x80"
_NO_LONGER_OUT = _UNKNOWN + bytes(range(1, 256))
_NO_LONGER_IN = bytes(range(255)) + _UNKNOWN
_PAINTED = 24
# The rest of the edge keeps a narrow band, in pixels of the proxy.
_BLOCK = 4


def split_hair(rgba: bytes) -> tuple[bytes, bytes]:
    """Return a picture of strokes without the yellow ones, and the yellow ones.

    Args:
        rgba: 8-bit RGBA cells.

    Returns:
        The cells, and 255 for every cell that is yellow, else 0.
    """
    rest, found = bytearray(rgba), bytearray(len(rgba) // 4)
    cells = zip(rgba[0::4], rgba[1::4], rgba[2::4], rgba[3::4], strict=True)
    for index, (red, green, blue, alpha) in enumerate(cells):
        if alpha >= _PAINTED and 2 * blue < min(red, green) and 4 * abs(red - green) < red:
            found[index] = 255
            rest[4 * index + 3] = 0
    return bytes(rest), bytes(found)


def widen_band(
    hints: HintSet, spec: LayerSpec, mask: bytes, hair: bytes, size: tuple[int, int]
) -> HintSet:
    """Return hints with a trimap: the mask as it is, unknown at its edge and where brushed.

    Args:
        hints: what else is known.
        spec: the layer's sizes.
        mask: 8-bit rows of the proxy's size.
        hair: what `split_hair` found.
        size: its width and height.
    """
    width, height = spec.proxy_width, spec.proxy_height
    trimap = draw_trimap(mask, width, height, _BLOCK)
    rows = []
    for y in range(height):
        cells = hair[y * size[1] // height * size[0] :][: size[0]]
        row = bytearray(trimap[y * width : (y + 1) * width])
        if any(cells):
            _mark_row(row, cells)
        rows.append(bytes(row))
    return open_trimap(replace(hints, trimap=b"".join(rows)), spec)


def open_trimap(hints: HintSet, spec: LayerSpec) -> HintSet:
    """Return hints whose trimap is unknown where strokes and points contradict it, and around.

    A server takes a trimap's word before theirs, so that they would say nothing.

    Args:
        hints: their strokes run along rows, as `find_hints` makes them.
        spec: the layer's sizes.
    """
    if hints.trimap is None:
        return hints
    plane = bytearray(hints.trimap)
    dots = [Stroke(((each.x, each.y),), 1, each.positive) for each in hints.points]
    for stroke in (*hints.strokes, *dots):
        left, top, right, bottom = _find_box(stroke, spec)
        for start in range(top * spec.proxy_width, bottom * spec.proxy_width, spec.proxy_width):
            part = slice(start + left, start + right)
            plane[part] = plane[part].translate(
                _NO_LONGER_OUT if stroke.positive else _NO_LONGER_IN
            )
    return replace(hints, trimap=bytes(plane))


def _find_box(stroke: Stroke, spec: LayerSpec) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a stroke and its surroundings in the proxy."""
    across, down = spec.proxy_width / spec.width, spec.proxy_height / spec.height
    xs, ys = [x for x, _ in stroke.points], [y for _, y in stroke.points]
    beside, above = stroke.radius_px * across + _BLOCK, stroke.radius_px * down + _BLOCK
    left, right = int(min(xs) * across - beside), int(max(xs) * across + beside) + 1
    top, bottom = int(min(ys) * down - above), int(max(ys) * down + above) + 1
    return max(0, left), max(0, top), min(spec.proxy_width, right), min(spec.proxy_height, bottom)


def _mark_row(row: bytearray, cells: bytes) -> None:
    """Mark as unknown what lies under the cells that are not 0."""
    width, count = len(row), len(cells)
    for index, cell in enumerate(cells):
        if cell:
            left, right = index * width // count, -(-(index + 1) * width // count)
            row[left:right] = _UNKNOWN * (right - left)
