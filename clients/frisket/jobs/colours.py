"""Cleaned edge colours, brought back into a document's own colours."""

from __future__ import annotations

from frisket.documents import Rect
from frisket.documents.base.raster import BaseRaster
from frisket.jobs.store import AlphaStore, Samples


class EdgeColours:
    """Foreground colours of the band; elsewhere the document's own stand.

    The server works in sRGB. What it found there (cleaned minus seen) is added to the document's
    colours as they are without multiplication, inversion or packing: where nothing was cleaned,
    not one bit changes.

    Args:
        raster: the layer.
        store: the tiles that came back.
        channels: colour samples per pixel of what the server worked on, 1 or 3.
    """

    def __init__(self, raster: BaseRaster, store: AlphaStore, channels: int) -> None:
        self._raster = raster
        self._store = store
        self._channels = channels

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        """Return colours (height, width, channels), straight and in full range.

        Args:
            rect: in pixels of the layer.
            own: the document's colours there in that form, where they have been read already.
        """
        colour = self._raster.colour
        if own is None:
            own = colour.to_straight(self._raster.read(rect))[..., : self._raster.form.colours]
        stored = [tile for tile in self._store.tiles_of(rect) if self._store.is_stored(tile)]
        if not stored:
            return own
        seen: Samples = self._raster.read_colours(rect)[..., : self._channels]
        cleaned = seen.copy()
        for tile in stored:
            self._store.paste_colours(tile, rect, cleaned)
        return colour.shift(own, seen, cleaned)
