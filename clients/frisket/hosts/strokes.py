"""Strokes painted on an annotation layer as hints. Pure Python.

Green or blue says "this is the subject", red or vermilion says "this is not"; blue and
vermilion are told apart by eyes that do not tell green from red. The strokes come as pixels,
because that is all a host can tell; runs of painted cells become short scribbles.
"""

from __future__ import annotations

from collections.abc import Iterator

from frisket.client.options import HintSet, Stroke
from frisket.hosts.language import _

Colour = tuple[int, int, int]

STROKES = "Frisket strokes"
"""The name of the annotation layer; programs find it by its name, so it is never translated."""
KEEP, REMOVE = (0, 200, 0), (230, 0, 0)
"""What a host's brush is set to, in sRGB."""
SAFE_KEEP, SAFE_REMOVE = (0, 114, 178), (213, 94, 0)
"""The same for eyes that do not tell green from red (blue and vermilion of Okabe and Ito)."""

# The server takes 1,024 scribbles.
_MOST = 1000
_PAINTED = 24
# Skin and other pale colours say nothing: (greatest - least) / greatest of a stroke's colour.
_LEAST_SATURATION = 0.55
_OTHER = 2


def find_hints(rgba: bytes, width: int, height: int, full: tuple[int, int]) -> HintSet:
    """Return the hints in a picture of an annotation layer.

    Args:
        rgba: rows of the layer, reduced to `width` x `height`.
        width: cells in a row.
        height: rows of cells.
        full: width and height in pixels of the layer that is cut out.
    """
    signs = [list(_read_signs(rgba, width, row)) for row in range(height)]
    return HintSet(strokes=_limit_strokes(signs, full))


def explain_colours(rgba: bytes, width: int, height: int) -> str:
    """Return what to say of strokes in colours that do not count; empty when most do."""
    counts = {1: 0, -1: 0, 0: 0, _OTHER: 0}
    for row in range(height):
        for sign in _read_signs(rgba, width, row):
            counts[sign] += 1
    if counts[_OTHER] <= counts[1] + counts[-1]:
        return ""
    return _(
        "Only two colours count: green (or blue) keeps, red (or vermilion) removes. "
        "Choose Keep or Remove and paint again."
    )


def explain_place(name: str) -> str:
    """Return what to say of strokes that all lie beside the layer that they mark."""
    text = _("Your strokes lie outside the layer '{name}'. Paint over its picture.")
    return text.format(name=name)


def read_sign(colour: Colour) -> int:
    """Return 1 for a colour that keeps, -1 for one that removes, and 2 for any other.

    The hue decides: from yellow-green to blue, or from pink to vermilion.
    """
    red, green, blue = colour
    most = max(colour)
    if most == 0 or most - min(colour) < _LEAST_SATURATION * most:
        return _OTHER
    if red == most:
        # Vermilion has less than half as much green as red; orange and yellow have more.
        return -1 if 2 * green < red and 2 * blue < red else _OTHER
    return 1 if 2 * red < most else _OTHER


def _read_signs(rgba: bytes, width: int, row: int) -> Iterator[int]:
    """Yield for every cell of a row what `read_sign` says, or 0 where nothing is painted."""
    line = rgba[row * width * 4 : (row + 1) * width * 4]
    cells = zip(line[0::4], line[1::4], line[2::4], line[3::4], strict=True)
    for red, green, blue, alpha in cells:
        yield read_sign((red, green, blue)) if alpha >= _PAINTED else 0


def _limit_strokes(signs: list[list[int]], full: tuple[int, int]) -> tuple[Stroke, ...]:
    """Return the strokes, at most as many as a server takes."""
    step = 1
    while True:
        strokes = _find_strokes(signs, step, full)
        if len(strokes) <= _MOST:
            return tuple(strokes)
        # Too much is painted: every other row says the same.
        step *= 2


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
    """Return first, last and sign of every run of painted cells that say something."""
    found: list[tuple[int, int, int]] = []
    start = 0
    for index in range(1, len(signs) + 1):
        if index < len(signs) and signs[index] == signs[start]:
            continue
        if signs[start] in (1, -1):
            found.append((start, index - 1, signs[start]))
        start = index
    return found
