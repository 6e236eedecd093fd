"""An alpha as one more sample of a TIFF page: the file is copied, then added to.

Transparency that a page has already is multiplied with the new alpha, unless it is to be
replaced. The old file stays as it is, byte for byte: new segments and one new directory are
appended, and the pointer to the first directory is turned to it. Every tag that does not describe
the samples is carried over raw.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.oriented import StoredAlpha
from ..base.writer import ResultWriter
from ..core.errors import UnreadableDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, peak_of
from ..core.results import LayerResult, ResultOptions
from ..encode.tiled import FORMATS
from ..io.output import Output, check_place
from ..io.parallel import map_ordered
from ..io.source import Source
from .alpha_plan import DIRECTORY_ROOM, PagePlan, plan_alpha
from .directory import LONG, LONG8, SHORT, Layout, read_values
from .page import UNASSOCIATED
from .pages import find_turn
from .splice_directories import Entries, check_publish, check_values, choose_layout, publish
from .unaware import tell_alpha_lost

if TYPE_CHECKING:
    from .document import TiffDocument

# Per-sample tags whose counts would no longer be right.
_DROPPED = (280, 281, 340, 341)


@dataclass(frozen=True)
class AlphaTarget(PagePlan):
    """A plan, and the alpha in the coordinates that the page is stored in."""

    alpha: AlphaSource


def check_alpha(
    document: TiffDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse an alpha that the page cannot take.

    Raises:
        UnsupportedDocument: The page's samples cannot be extended.
        UnreadableDocument: Its directory cannot be read or written again.
        OutputError: There is no room for the result.
    """
    [layer] = layers
    with contextlib.closing(Source(document.path)) as source:
        plan = plan_alpha(document, source, document.page_number(layer), options)
        check_values(source, plan.layout, (page.offset for page in document.pages))
        check_place(output, source.size + plan.room)
        if plan.copied:
            _read_old_segments(source, plan)
        segments = sum(1 for _ in plan.rects()) * plan.raster.geometry.planes
        length = source.size + plan.room
        check_publish(source, plan.layout, plan.directory.offset, length, _estimate_more(segments))


def splice_alpha(
    document: TiffDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Write a copy of the file whose page carries the alpha as unassociated alpha."""
    [result] = results
    with contextlib.closing(Source(document.path)) as source:
        plan = plan_alpha(document, source, document.page_number(result.layer), options)
        target = _turn_alpha(plan, result.alpha)
        with document.open_copy(output, source.size + target.room) as file:
            file.copy(source.path, source.descriptor, 0, source.size)
            _append(file, source, target)


def _turn_alpha(plan: PagePlan, alpha: AlphaSource) -> AlphaTarget:
    turn = find_turn(plan.page)
    stored = alpha if turn is None else StoredAlpha(alpha, turn)
    if (stored.width, stored.height) != (plan.raster.width, plan.raster.height):
        raise ValueError("the alpha does not fit the page")
    return AlphaTarget(**vars(plan), alpha=stored)


def _append(file: Output, source: Source, target: AlphaTarget) -> None:
    file.align(8)
    if target.copied:
        offsets, counts = _write_alpha_plane(file, source, target)
    elif target.raster.geometry.planar:
        offsets, counts = _write_planes(file, target)
    else:
        offsets, counts = _write_chunky(file, target)
    old = target.layout
    new = choose_layout(file, old, _estimate_more(len(offsets)))
    changed = _list_changed(target, new, offsets, counts)

    def exchange(entries: Entries) -> Entries:
        return _exchange_entries(file, source, target, new, entries, changed)

    publish(file, source, old, new, (target.directory.offset, exchange))


def _estimate_more(segments: int) -> int:
    """Return the bytes that the directory and its tables take at most."""
    return 32 * segments + DIRECTORY_ROOM


def _write_chunky(file: Output, target: AlphaTarget) -> tuple[list[int], list[int]]:
    """Write all pixels once more, with the alpha between them."""
    offsets, counts = [], []
    for data in map_ordered(
        lambda rect: target.coding.encode(_join_samples(target, rect)), target.rects()
    ):
        offsets.append(file.tell())
        counts.append(len(data))
        file.write(data + bytes(len(data) % 2))
    return offsets, counts


def _join_samples(target: AlphaTarget, rect: Rect) -> Pixels:
    """Return a segment of stored samples with the alpha after them, or in place of the old one."""
    stored = target.raster.read_samples(rect)
    height = target.height if target.tiled else rect.height
    width = target.width if target.tiled else rect.width
    full = np.zeros((height, width, target.samples), target.raster.stored_dtype)
    part = full[: rect.height, : rect.width]
    part[..., : stored.shape[-1]] = stored
    part[..., _find_place(target)] = _read_opacity(target, rect, stored)
    return full


def _find_place(target: AlphaTarget) -> int:
    return target.samples - 1 if target.replaced is None else target.replaced


def _read_opacity(target: AlphaTarget, rect: Rect, stored: Pixels | None) -> Pixels:
    """Return the alpha in the page's own samples, times the one it takes the place of."""
    alpha = scale_alpha(target.alpha.read(rect), target.raster.stored_dtype)
    if target.replaced is None or stored is None or not target.multiplied:
        return alpha
    top = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number stays none
        product = stored[..., target.replaced].astype(np.float64) * alpha / top
        return (product if alpha.dtype.kind == "f" else np.rint(product)).astype(alpha.dtype)


def scale_alpha(values: Pixels, dtype: np.dtype[np.generic]) -> Pixels:
    """Return an alpha (uint8 or uint16) in the samples of a page: whole numbers or floats 0..1."""
    top = float(np.iinfo(values.dtype).max)
    if dtype.kind == "f":
        return (values / top).astype(dtype)
    if values.dtype == dtype:
        return values
    full = peak_of(dtype)
    return np.rint(values.astype(np.float64) * (full / top)).astype(dtype)


def _read_old_segments(source: Source, plan: PagePlan) -> tuple[list[int], list[int]]:
    """Return where the page's segments lie, and how long they are.

    Raises:
        UnreadableDocument: The directory does not say it in whole numbers.
    """
    tiled, entries = plan.raster.geometry.tiled, plan.directory.entries
    try:
        offsets = read_values(source, plan.layout, entries[324 if tiled else 273])
        counts = read_values(source, plan.layout, entries[325 if tiled else 279])
    except KeyError as error:
        raise UnreadableDocument(
            source.path, f"tag {error} is missing or no whole number", offset=plan.directory.offset
        ) from error
    if max((*offsets, *counts), default=0) > source.size:
        raise UnreadableDocument(source.path, "a strip or tile lies beyond the end of the file")
    return list(offsets), list(counts)


def _write_alpha_plane(
    file: Output, source: Source, target: AlphaTarget
) -> tuple[list[int], list[int]]:
    """Write only the alpha's own segments; those of the other samples stay where they are."""
    offsets, counts = _read_old_segments(source, target)
    fresh_offsets, fresh_counts = [], []
    for rect in target.rects():
        data = target.coding.encode(_read_plane(target, rect, _find_place(target)))
        fresh_offsets.append(file.tell())
        fresh_counts.append(len(data))
        file.write(data + bytes(len(data) % 2))
    start = _find_place(target) * len(fresh_offsets)
    offsets[start : start + len(fresh_offsets)] = fresh_offsets
    counts[start : start + len(fresh_counts)] = fresh_counts
    return offsets, counts


def _write_planes(file: Output, target: AlphaTarget) -> tuple[list[int], list[int]]:
    """Write every plane once more, where the page's compression is none that can be written."""
    offsets, counts = [], []
    jobs = ((rect, sample) for sample in range(target.samples) for rect in target.rects())
    for data in map_ordered(lambda job: target.coding.encode(_read_plane(target, *job)), jobs):
        offsets.append(file.tell())
        counts.append(len(data))
        file.write(data + bytes(len(data) % 2))
    return offsets, counts


def _read_plane(target: AlphaTarget, rect: Rect, sample: int) -> Pixels:
    """Return a segment of one sample: the alpha in its place, else as it is stored."""
    height = target.height if target.tiled else rect.height
    width = target.width if target.tiled else rect.width
    full = np.zeros((height, width, 1), target.raster.stored_dtype)
    if sample == _find_place(target):
        stored = target.raster.read_samples(rect) if target.replaced is not None else None
        full[: rect.height, : rect.width, 0] = _read_opacity(target, rect, stored)
    else:
        full[: rect.height, : rect.width] = target.raster.read_samples(rect, (sample,))
    return full


def _list_changed(
    target: AlphaTarget, layout: Layout, offsets: list[int], counts: list[int]
) -> dict[int, tuple[int, list[int]]]:
    """Return the tags that describe the samples, with their new values."""
    word = LONG8 if layout.big else LONG
    raster = target.raster
    form = {"u": 1, "f": 3}[raster.stored_dtype.kind]
    extras = list(target.extras)
    if target.replaced is None:
        extras.append(UNASSOCIATED)
    changed: dict[int, tuple[int, list[int]]] = {
        258: (SHORT, [raster.stored_dtype.itemsize * 8] * target.samples),
        259: (SHORT, [target.coding.compression]),
        277: (SHORT, [target.samples]),
        317: (SHORT, [target.coding.predictor]),
        338: (SHORT, extras),
        339: (SHORT, [form] * target.samples),
        (324 if target.tiled else 273): (word, offsets),
        (325 if target.tiled else 279): (word, counts),
    }
    if target.photometric is not None:
        changed |= {262: (SHORT, [target.photometric]), 284: (SHORT, [1])}
    if not target.tiled and not _is_told_right(target):
        changed[278] = (LONG, [target.height])
    if target.tiled:
        changed |= {322: (LONG, [target.width]), 323: (LONG, [target.height])}
    return changed


def _is_told_right(target: AlphaTarget) -> bool:
    """Tell whether RowsPerStrip, or its absence, says how many rows a strip has."""
    told = target.page.tags.get(278)
    if told is None:
        return target.height == target.raster.height
    known = isinstance(told.value, int)
    return known and min(told.value, target.raster.height) <= target.height


def _exchange_entries(
    file: Output,
    source: Source,
    target: AlphaTarget,
    layout: Layout,
    entries: Entries,
    changed: dict[int, tuple[int, list[int]]],
) -> Entries:
    """Put the changed entries in the place of the old ones; long values are appended."""
    for code in (
        *_DROPPED,
        *target.dropped,
        *((273, 278, 279) if target.tiled else (322, 323, 324, 325)),
    ):
        entries.pop(code, None)
    for code, (kind, values) in changed.items():
        old = target.directory.entries.get(code)
        if code in entries and _is_same(source, target.layout, old, values):
            continue
        if _is_default(code, values, entries):
            continue
        data = struct.pack(f"{layout.order}{len(values)}{FORMATS[kind]}", *values)
        if len(data) > layout.inline:
            position = file.align(8)
            file.write(data)
            data = struct.pack(layout.word, position)
        head = struct.pack(layout.entry, code, kind, len(values))
        entries[code] = head + data.ljust(layout.inline, b"\0")
    return entries


def _is_same(source: Source, layout: Layout, entry: bytes | None, values: list[int]) -> bool:
    """Tell whether an entry already says so; then it is left alone, whatever its type."""
    if entry is None:
        return False
    try:
        return list(read_values(source, layout, entry)) == values
    except KeyError:
        return False


def _is_default(code: int, values: list[int], entries: dict[int, bytes]) -> bool:
    """Tell whether a tag is absent and its default is right."""
    if code in entries:
        return False
    return (code == 339 and set(values) == {1}) or (code in (259, 284, 317) and values == [1])


WRITER = ResultWriter(check_alpha, splice_alpha, tell_lost=tell_alpha_lost)
