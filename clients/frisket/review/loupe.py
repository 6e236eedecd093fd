"""Pixels of the real files: crops at 100 %, and the whole of a result without a large thumbnail.

A file is opened only while it is what the journal knows: the original was decoded in a sandbox
then, and the result is our own.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from frisket.documents import Document, DocumentError, Layer, Rect, open_document
from frisket.documents.base.raster import BaseRaster
from frisket.documents.core.pixels import Pixels, convert_depth, to_rgba
from frisket.documents.write.reduced import reduce_bands
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import Row, State, stamp_of
from frisket.review.http import Refusal

MAX_SIDE_PX = 1024
"""The longest side of a crop, and of a whole picture."""
_IDLE_S = 5.0
_MATTE, _MASK, _FILE = "matte", "mask", "cutout"
_ALIKE = (_MASK, "alpha")  # in a copy of the document, in the same layer
_LIGHT = (".exr",)  # its numbers are light, not opacity


@dataclass(frozen=True, eq=False)
class Pair:
    """An original layer and what was made of it, of one size.

    Attributes:
        original: the layer's pixels.
        result: those of the result.
        read_opacity: what reads a rectangle of what the result lets through of the original,
            uint8 (height, width); None where the result shows itself.
        layers: paths of all layers that the result has, of which this is one.
    """

    original: BaseRaster
    result: BaseRaster
    read_opacity: Callable[[Rect], Pixels] | None
    layers: tuple[str, ...]

    def crop(self, side: str, rect: Rect) -> Pixels:
        """Return a rectangle of "original" or "result" as (height, width, 4) sRGB, uint8."""
        shown = self.original if side == "original" or self.read_opacity else self.result
        own = to_rgba(convert_depth(shown.read_srgb(rect), 8))
        if side == "original" or self.read_opacity is None:
            return own
        return _add_alpha(own, self.read_opacity(rect))

    def reduce(self, side: str) -> Pixels:
        """Return the whole of a side, reduced to at most `MAX_SIDE_PX`."""
        shown = self.original if side == "original" or self.read_opacity else self.result
        own = to_rgba(shown.proxy(MAX_SIDE_PX))
        if side == "original" or self.read_opacity is None:
            return own
        height, width = own.shape[:2]
        size = self.original.width, self.original.height
        return _add_alpha(own, reduce_bands(self.read_opacity, *size, (width, height)))


class Loupe:
    """Reads from one pair of files at a time, and lets go of them soon after."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._files = contextlib.ExitStack()
        self._open: tuple[Row, int, Pair] | None = None
        self._timer: threading.Timer | None = None

    def measure(self, row: Row, layer: int = 0) -> tuple[int, int, tuple[str, ...]]:
        """Return width and height of one of a result's layers, and the paths of all of them.

        Raises:
            Refusal: its files cannot be looked at; says why.
        """
        with self._use(row, layer) as pair:
            return pair.original.width, pair.original.height, pair.layers

    def read(self, row: Row, side: str, wanted: Rect | None, layer: int = 0) -> bytes:
        """Return a side of a result as PNG.

        Args:
            row: the result.
            side: "original" or "result".
            wanted: a rectangle, of which at most `MAX_SIDE_PX` each way is read; None for the
                whole, reduced.
            layer: which of the result's layers, counted from 0.

        Raises:
            Refusal: there is nothing to see; says why.
        """
        with self._use(row, layer) as pair:
            if wanted is None:
                return _encode(pair.reduce(side))
            small = Rect(
                *(wanted.x, wanted.y),
                *(min(wanted.width, MAX_SIDE_PX), min(wanted.height, MAX_SIDE_PX)),
            )
            rect = small.intersect(Rect(0, 0, pair.original.width, pair.original.height))
            if rect.empty:
                raise Refusal(404, "There is nothing of the picture.")
            return _encode(pair.crop(side, rect))

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._release()

    @contextlib.contextmanager
    def _use(self, row: Row, layer: int) -> Iterator[Pair]:
        with self._lock:
            _check_files(row)
            try:
                yield self._take(row, layer)
            except DocumentError as error:
                raise Refusal(404, str(error)) from error
            except (OSError, ValueError) as error:
                raise Refusal(404, f"{row.output.name} cannot be looked at ({error}).") from error
            finally:
                self._leave_soon()

    def _take(self, row: Row, layer: int) -> Pair:
        if self._open is not None:
            before, number, pair = self._open
            if _is_same(before, row) and number == layer:
                return pair
        self._release()
        pair = self._open_pair(row, layer)
        self._open = row, layer, pair
        return pair

    def _open_pair(self, row: Row, number: int) -> Pair:
        """Open both files, and show one layer of those that have a result."""
        told = json.loads(self._journal.describe_recipe(row.recipe))
        encoding = str(told.get("encoding", ""))
        changed = dict(row.redo)
        layers = [changed["layer"]] if "layer" in changed else told.get("layers", [])
        everything = bool(told.get("all_layers")) and "layer" not in changed

        original = self._files.enter_context(open_document(row.source, encoding))
        result = self._files.enter_context(open_document(row.output, encoding))
        sources = original.find_layers(layers, everything)
        if row.kind in _ALIKE:
            pairs = list(zip(sources, result.find_layers(layers, everything), strict=True))
            pairs = [pair for pair in pairs if _has_result(row, result, pair[1])] or pairs[:1]
        else:
            pairs = [(sources[0], result.find_layer(None))]
        if not 0 <= number < len(pairs):
            raise Refusal(404, "There is no such layer.")
        own, shown = pairs[number]
        return _make_pair(
            original.raster(own),
            result.raster(shown),
            _find_opacity(row, result, shown),
            tuple(layer.path for layer, _ in pairs),
        )

    def _release(self) -> None:
        self._open = None
        self._files.close()

    def _leave_soon(self) -> None:
        """Close the files when nobody looks any more: a run may want to replace one."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(_IDLE_S, self.close)
        self._timer.daemon = True
        self._timer.start()


def _check_files(row: Row) -> None:
    """Refuse what the loupe cannot show.

    Raises:
        Refusal: the result is not done, of another kind, or a file is not the journal's any more.
    """
    if row.state is not State.DONE:
        raise Refusal(404, "There is no result to look at.")
    if row.kind not in (_FILE, _MATTE, *_ALIKE) or row.output.suffix.lower() in _LIGHT:
        raise Refusal(404, "The real files are shown for cutouts, mattes, masks and alphas alone.")
    for path, stamp, what in (
        (row.source, row.stamp, "original"),
        (row.output, row.written, "result"),
    ):
        try:
            same = stamp_of(path) == stamp
        except OSError:
            raise Refusal(404, f"The {what} is not there any more.") from None
        if not same:
            raise Refusal(404, f"The {what} was changed since, so it is not opened.")


def _make_pair(
    original: BaseRaster,
    result: BaseRaster,
    read_opacity: Callable[[Rect], Pixels] | None,
    layers: tuple[str, ...],
) -> Pair:
    """Return a pair of one size.

    Raises:
        Refusal: their sizes differ.
    """
    if (original.width, original.height) != (result.width, result.height):
        raise Refusal(404, "Original and result differ in size: there is no common place.")
    return Pair(original, result, read_opacity, layers)


def _has_result(row: Row, result: Document, layer: Layer) -> bool:
    """Return whether a layer was given a matte; where nothing was found, it was left as it is."""
    if row.kind == _MASK:
        return result.read_mask(layer, Rect(0, 0, 1, 1)) is not None
    return layer.has_alpha


def _find_opacity(row: Row, result: Document, layer: Layer) -> Callable[[Rect], Pixels] | None:
    """Return what reads a result's opacity where that is no part of its pixels."""
    raster = result.raster(layer)

    def read_matte(rect: Rect) -> Pixels:
        return convert_depth(raster.read(rect), 8)[..., 0]

    def read_mask(rect: Rect) -> Pixels:
        mask = result.read_mask(layer, rect)
        if mask is None:
            raise Refusal(404, f"The layer {layer.path} of the result has no mask any more.")
        return convert_depth(mask, 8)

    return {_MATTE: read_matte, _MASK: read_mask}.get(row.kind)


def _is_same(one: Row, other: Row) -> bool:
    """Tell whether two rows mean the same files, whatever was decided about them."""
    return (one.id, one.written, one.stamp) == (other.id, other.written, other.stamp)


def _add_alpha(pixels: Pixels, alpha: Pixels) -> Pixels:
    out: Pixels = pixels.copy()
    out[..., 3] = (out[..., 3].astype(np.uint16) * alpha + 127) // 255
    return out


def _encode(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
