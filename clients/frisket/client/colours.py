"""Cleaned edge colours, brought back into a document's own samples."""

from __future__ import annotations

import numpy as np

from frisket.client.store import AlphaStore, Samples
from frisket.documents import Raster, Rect


class EdgeColours:
    """Foreground colours of the band; elsewhere the document's own stand.

    The server works in sRGB. A document with a profile of its own gets the correction
    that was found there (cleaned minus seen), added to its own samples: where nothing was
    cleaned, not one bit changes.

    Args:
        raster: the layer, in RGB or grey, 8 or 16-bit.
        store: the tiles that came back.
        channels: colour samples per pixel, 1 or 3.
    """

    def __init__(self, raster: Raster, store: AlphaStore, channels: int) -> None:
        self._raster = raster
        self._store = store
        self._channels = channels

    def read(self, rect: Rect) -> Samples:
        """Return colours (height, width, channels) in the document's own samples."""
        own: Samples = self._raster.read(rect)[..., : self._channels]
        cleaned = self._cleaned(rect)
        if cleaned is None:
            return own
        seen: Samples = self._raster.read_srgb(rect)[..., : self._channels]
        if np.array_equal(seen, own):
            return cleaned
        top = np.iinfo(own.dtype).max
        moved = own.astype(np.int32) + cleaned.astype(np.int32) - seen
        fitted: Samples = np.clip(moved, 0, top).astype(own.dtype)
        return fitted

    def _cleaned(self, rect: Rect) -> Samples | None:
        """Return the server's colours of a rectangle; None where all of it is solid."""
        tiles = self._store.tiles_of(rect)
        if not any(self._store.is_stored(tile) for tile in tiles):
            return None
        seen: Samples = self._raster.read_srgb(rect)[..., : self._channels].copy()
        for tile in tiles:
            self._store.paste_colours(tile, rect, seen)
        return seen
