"""The merged image composed again, for documents that are simple enough to do it exactly.

A document allows it where nothing but plain layers is visible and where composing it as it
stands gives the preview that it already has. Everything else keeps its preview, marked as stale.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import DocumentError
from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels, convert_depth
from ..io.output import Output
from ..io.splicing import Edit
from .encode import PlaneSpools
from .rasters import build_layer_raster, open_merged_plane, read_mask
from .records import REAL_MASK
from .tree import Node

if TYPE_CHECKING:
    from .document import PsdDocument

_EFFECTS = (b"lrFX", b"lfx2", b"lmfx", b"vmsk", b"vsms", b"FXid", b"FEid")
_FILL = b"iOpa"
_BAND_PIXELS = 1 << 20
_SAMPLES = 8
_TOLERANCE = 2 / 255


class PreviewComposer:
    """Composes the visible layers of a document in bands of rows."""

    def __init__(self, document: PsdDocument, masks: Mapping[int, AlphaSource]) -> None:
        """``masks`` are new masks by the index of the record, in layer coordinates."""
        self._document, self._masks = document, masks
        self._nodes = _list_visible(document.nodes)
        info = document.structure.layer_info
        self._colours = document.count_colours()
        extra = document.structure.channels > self._colours
        self._transparent = info is not None and info.count < 0 and extra
        self._top = 255 if document.structure.depth == 8 else 65535

    def is_exact(self) -> bool:
        """Tell whether composing the document as it stands gives the preview it has."""
        document = self._document
        if document.mode not in ("RGB", "GRAY") or document.structure.depth not in (8, 16):
            return False
        if not self._nodes or not all(self._is_plain(node) for node in self._nodes):
            return False
        with contextlib.suppress(DocumentError):
            old = PreviewComposer(document, {})
            return all(old._agrees_with_stored(y) for y in self._choose_rows())
        return False

    def _is_plain(self, node: Node) -> bool:
        record = node.record
        if node.layer.kind == "group":
            quiet = record.blend in (b"pass", b"norm") and record.opacity == 255
            return quiet and not node.layer.has_mask and record.find_block(*_EFFECTS) is None
        simple = node.layer.kind == "pixel" and record.blend == b"norm" and not record.clipping
        fill = record.find_block(_FILL)
        solid = fill is None or self._document.source.read(fill.data, 1) == b"\xff"
        real = record.find_channel(REAL_MASK) is not None
        return simple and solid and not real and record.find_block(*_EFFECTS) is None

    def _choose_rows(self) -> Iterator[int]:
        height = self._document.height
        for number in range(_SAMPLES):
            yield min(height - 1, number * height // _SAMPLES + height // (2 * _SAMPLES))

    def _agrees_with_stored(self, y: int) -> bool:
        """Tell whether one row is the same as in the stored preview, but for rounding."""
        composed = self.compose(y, y + 1)
        for number in range(composed.shape[0]):
            stored = (
                open_merged_plane(self._document, number).read_rows(y, y + 1).astype(np.float32)
            )
            if float(np.abs(stored - composed[number]).max()) > _TOLERANCE * self._top + 1:
                return False
        return True

    def compose(self, first: int, last: int) -> Pixels:
        """Return (planes, rows, width) of the preview: colours over white, then transparency."""
        shape = (last - first, self._document.width)
        colour = np.zeros((*shape, self._colours), np.float32)
        cover = np.zeros((*shape, 1), np.float32)
        for node in reversed(self._nodes):
            if node.layer.kind != "group":
                self._lay_over(colour, cover, node, first, last)
        whole = (colour + (1 - cover)) * self._top
        planes = np.concatenate([whole, cover * self._top], axis=-1)
        count = self._colours + self._transparent
        kind = np.uint8 if self._top == 255 else np.uint16
        rounded = np.clip(planes[..., :count] + 0.5, 0, self._top).astype(kind)
        return np.moveaxis(rounded, -1, 0)

    def _lay_over(self, colour: Pixels, cover: Pixels, node: Node, first: int, last: int) -> None:
        """Lay one layer over what is below it."""
        record, width = node.record, self._document.width
        canvas = Rect(0, first, width, last - first)
        part = canvas.intersect(Rect(record.left, record.top, record.width, record.height))
        if part.empty:
            return
        inner = part.shift(-record.left, -record.top)
        pixels = (
            build_layer_raster(self._document, record).read(inner).astype(np.float32) / self._top
        )
        opacity = self._read_opacity(node, inner) * np.float32(record.opacity / 255)
        if node.layer.has_alpha:
            opacity = opacity * pixels[..., -1]
        alpha = opacity[..., None]
        rows = slice(part.y - first, part.bottom - first)
        columns = slice(part.x, part.right)
        below = colour[rows, columns]
        colour[rows, columns] = below * (1 - alpha) + pixels[..., : self._colours] * alpha
        cover[rows, columns] = cover[rows, columns] * (1 - alpha) + alpha

    def _read_opacity(self, node: Node, inner: Rect) -> Pixels:
        """Return the layer's mask, new or old, as floats (rows, columns)."""
        record = node.record
        fresh = self._masks.get(node.index)
        if fresh is not None:
            return convert_depth(fresh.read(inner), 32)
        stored = read_mask(self._document, record, inner)
        return np.ones((inner.height, inner.width), np.float32) if stored is None else stored

    def plan_edit(self) -> Edit:
        """Exchange the merged image; further channels of it are kept."""
        found = self._document.structure
        return Edit(found.merged_at, self._document.source.size, self._write)

    def _compose_bands(self) -> Iterator[list[Pixels]]:
        """Yield all planes of the new merged image, band by band."""
        found = self._document.structure
        step = max(1, _BAND_PIXELS // found.width)
        for y in range(0, found.height, step):
            last = min(y + step, found.height)
            planes = list(self.compose(y, last))
            kept = range(len(planes), found.channels)
            yield planes + [
                open_merged_plane(self._document, one).read_rows(y, last) for one in kept
            ]

    def _write(self, out: Output) -> None:
        """Spool each plane until all bands are composed, since planes follow one another."""
        found = self._document.structure
        with PlaneSpools(found.channels, out, found.big) as spools:
            for planes in self._compose_bands():
                spools.add(planes)
            spools.write_joined()


def _list_visible(nodes: list[Node]) -> list[Node]:
    """Return nodes that are shown together with every group around them."""
    found, hidden = [], -1
    for node in nodes:
        if 0 <= hidden < node.layer.level:
            continue
        hidden = -1 if node.layer.visible else node.layer.level
        if node.layer.visible:
            found.append(node)
    return found
