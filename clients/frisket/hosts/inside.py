"""What lies well inside a selection, as strokes. Pure Python.

A selection is rough, so the rim of each of its pieces is left out. But every piece is part of
the subject, so something of each is left: of a thin line the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from frisket.client.options import Stroke
from frisket.hosts.planes import erode

Run = tuple[int, int, int]
"""Row, first column, and the column after the last."""

_HALF = 128
# What is nowhere faint.
_HARD = b"\0" + bytes(range(_HALF, 256))
_USED = re.compile(rb"\xff+")
# The server takes 1,024 scribbles.
_MOST = 1000
# Rows and columns that a mask is told in.
_CELLS = 256


def find_inside(mask: bytes, width: int, height: int, full: tuple[int, int]) -> tuple[Stroke, ...]:
    """Return strokes that say that what a mask holds is the subject; none for an empty one.

    Args:
        mask: rows of 8-bit samples.
        width: samples in a row.
        height: rows.
        full: width and height in pixels of the layer that is cut out.
    """
    # A line of one pixel that was reduced with the layer has no more left than this.
    least = min(max(mask, default=0), max(1, round(_HALF * width / full[0])))
    if not least:
        return ()
    pieces = [_leave_rim_out(piece) for piece in _find_pieces(mask, width, height, least)]
    scale = full[0] / width, full[1] / height
    return _limit_strokes(pieces, max(1, -(-max(width, height) // _CELLS)), scale)


def _find_pieces(mask: bytes, width: int, height: int, least: int) -> Iterator[list[Run]]:
    """Yield the pieces of a mask: what is at least half opaque, or half of a faint one's most."""
    whole = [(y, 0, width) for y in range(height)]
    if not mask.translate(None, _HARD):
        yield from _join_runs(list(_find_runs(mask, width, whole, _HALF)))
        return
    for rough in _join_runs(list(_find_runs(mask, width, whole, 1))):
        most = max(max(mask[y * width + first : y * width + end]) for y, first, end in rough)
        if most >= least:
            solid = _find_runs(mask, width, rough, min(_HALF, (most + 1) // 2))
            yield from _join_runs(list(solid))


def _find_runs(mask: bytes, width: int, places: Iterable[Run], least: int) -> Iterator[Run]:
    """Yield the runs of samples of at least some value, within others."""
    table = bytes(least) + b"\xff" * (256 - least)
    for y, first, end in places:
        for found in _USED.finditer(mask[y * width + first : y * width + end].translate(table)):
            yield y, first + found.start(), first + found.end()


def _join_runs(runs: Sequence[Run]) -> list[list[Run]]:
    """Return runs, which come row by row, by what hangs together; corners are enough."""
    parents = list(range(len(runs)))
    above = 0
    for index, (y, first, end) in enumerate(runs):
        while runs[above][0] < y - 1 or (runs[above][0] == y - 1 and runs[above][2] < first):
            above += 1
        other = above
        while runs[other][0] == y - 1 and runs[other][1] <= end:
            root = _find_root(parents, other)
            # The new one joins the old ones, so that the ways to the roots stay short.
            parents[max(root, parents[index])] = parents[index] = min(root, parents[index])
            other += 1
    pieces: dict[int, list[Run]] = {}
    for index, run in enumerate(runs):
        pieces.setdefault(_find_root(parents, index), []).append(run)
    return list(pieces.values())


def _find_root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _leave_rim_out(piece: list[Run]) -> list[Run]:
    """Return what lies well inside a piece: its rim is a guess."""
    left, top = min(first for _, first, _ in piece), piece[0][0]
    width, height = max(end for _, _, end in piece) - left, piece[-1][0] + 1 - top
    reach, longest = max(1, min(width, height) // 10), max(end - first for _, first, end in piece)
    while 2 * reach >= longest:
        reach //= 2
    if not reach:
        return piece
    plane = bytearray(width * height)
    for y, first, end in piece:
        start = (y - top) * width - left
        plane[start + first : start + end] = b"\xff" * (end - first)
    inner = _erode_gently(bytes(plane), width, height, reach)
    rows = ((y, 0, width) for y in range(height))
    return [(top + y, left + a, left + b) for y, a, b in _find_runs(inner, width, rows, 1)]


def _erode_gently(plane: bytes, width: int, height: int, reach: int) -> bytes:
    """Return a mask without its rim, which is narrower where else nothing would be left."""
    while reach:
        inner = erode(plane, width, height, reach)
        if any(inner):
            return inner
        reach //= 2
    return plane


def _limit_strokes(
    pieces: list[list[Run]], cell: int, scale: tuple[float, float]
) -> tuple[Stroke, ...]:
    """Return the strokes, at most as many as a server takes; of too many pieces the largest."""
    rows = [[list(runs) for _, runs in groupby(piece, itemgetter(0))] for piece in pieces]
    # The rest of the strokes is for the large ones, which need more than one.
    rows = sorted(rows, key=_measure, reverse=True)[: _MOST // 2]
    step = cell
    while sum(len(runs) for piece in rows for runs in _choose_rows(piece, step)) > _MOST:
        if step > max(map(len, rows)):
            break
        step *= 2
    strokes = [
        _draw_stroke(run, min(cell, len(piece), run[2] - run[1]), scale)
        for piece in rows
        for runs in _choose_rows(piece, step)
        for run in runs
    ]
    return tuple(strokes[:_MOST])


def _measure(rows: list[list[Run]]) -> int:
    return sum(end - first for runs in rows for _, first, end in runs)


def _choose_rows(rows: list[list[Run]], step: int) -> list[list[Run]]:
    """Return one row of so many, the middle one among them."""
    return rows[len(rows) // 2 % step :: step]


def _draw_stroke(run: Run, brush: int, scale: tuple[float, float]) -> Stroke:
    """Return a run as a stroke that does not reach beyond its ends."""
    y, first, end = run
    row = int((y + 0.5) * scale[1])
    left, right = (int(x * scale[0]) for x in (first + brush / 2, end - brush / 2))
    points = ((left, row), (right, row)) if right > left else ((left, row),)
    return Stroke(points, max(1, round(brush * max(scale) / 2)), True)
