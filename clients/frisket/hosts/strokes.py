"""Strokes painted on an annotation layer as hints. Pure Python.

Green says "this is the subject", red says "this is not". The strokes come as pixels,
because that is all a host can tell; runs of painted cells become short scribbles.
"""

from __future__ import annotations

from frisket.client.options import HintSet, Stroke

# The server takes 1,024 scribbles.
_MOST = 1000
_PAINTED = 24


def find_hints(rgba: bytes, width: int, height: int, full: tuple[int, int]) -> HintSet:
    """Return the hints in a picture of an annotation layer.

    Args:
        rgba: rows of the layer, reduced to `width` x `height`.
        width: cells in a row.
        height: rows of cells.
        full: width and height in pixels of the layer that is cut out.
    """
    signs = [_read_signs(rgba, width, row) for row in range(height)]
    step = 1
    while True:
        strokes = _find_strokes(signs, step, full)
        if len(strokes) <= _MOST:
            return HintSet(strokes=tuple(strokes))
        # Too much is painted: every other row says the same.
        step *= 2


def _read_signs(rgba: bytes, width: int, row: int) -> list[int]:
    """Return 1, -1 or 0 for every cell of a row."""
    line = rgba[row * width * 4 : (row + 1) * width * 4]
    return [
        0 if alpha < _PAINTED or red == green else 1 if green > red else -1
        for red, green, alpha in zip(line[0::4], line[1::4], line[3::4], strict=True)
    ]


def _find_strokes(signs: list[list[int]], step: int, full: tuple[int, int]) -> list[Stroke]:
    height, width = len(signs), len(signs[0]) if signs else 1
    across, down = full[0] / width, full[1] / height
    radius = max(1, round(step * max(across, down) / 2))
    found: list[Stroke] = []
    for row in range(0, height, step):
        y = min(full[1] - 1, int((row + 0.5) * down))
        for first, last, sign in _find_runs(signs[row]):
            left, right = int((first + 0.5) * across), int((last + 0.5) * across)
            points = ((left, y), (right, y)) if right > left else ((left, y),)
            found.append(Stroke(points, radius, sign > 0))
    return found


def _find_runs(signs: list[int]) -> list[tuple[int, int, int]]:
    """Return first, last and sign of every run of painted cells."""
    found: list[tuple[int, int, int]] = []
    start = 0
    for index in range(1, len(signs) + 1):
        if index < len(signs) and signs[index] == signs[start]:
            continue
        if signs[start]:
            found.append((start, index - 1, signs[start]))
        start = index
    return found
