"""Where a person has brushed over the edge: there it is searched anew. Pure Python."""

from __future__ import annotations

from dataclasses import replace

from frisket.client.options import HintSet, LayerSpec
from frisket.hosts.planes import draw_trimap

HAIR = (255, 255, 0)
"""The brush's colour, in sRGB; neither of the colours that keep and remove."""

_UNKNOWN = b"\x80"
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
    return replace(hints, trimap=b"".join(rows))


def _mark_row(row: bytearray, cells: bytes) -> None:
    """Mark as unknown what lies under the cells that are not 0."""
    width, count = len(row), len(cells)
    for index, cell in enumerate(cells):
        if cell:
            left, right = index * width // count, -(-(index + 1) * width // count)
            row[left:right] = _UNKNOWN * (right - left)
