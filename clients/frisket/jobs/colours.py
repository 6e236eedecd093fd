"""Cleaned edge colours, brought back into a document's own samples."""

from __future__ import annotations

import numpy as np

from frisket.documents import Raster, Rect
from frisket.jobs.store import AlphaStore, Samples


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

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        """Return colours (height, width, channels) in the document's own samples.

        Args:
            rect: in pixels of the layer.
            own: the document's own colours there, where they have been read already.
        """
        if own is None:
            own = self._raster.read(rect)[..., : self._channels]
        stored = [tile for tile in self._store.tiles_of(rect) if self._store.is_stored(tile)]
        if not stored:
            return own
        seen: Samples = self._raster.read_srgb(rect)[..., : self._channels]
        cleaned = seen.copy()
        for tile in stored:
            self._store.paste_colours(tile, rect, cleaned)
        return cleaned if np.array_equal(seen, own) else _add_correction(own, seen, cleaned)


def _add_correction(own: Samples, seen: Samples, cleaned: Samples) -> Samples:
    """Add the correction found in sRGB to the document's own samples."""
    top = np.iinfo(own.dtype).max
    moved = own.astype(np.int32) + cleaned.astype(np.int32) - seen
    fitted: Samples = np.clip(moved, 0, top).astype(own.dtype)
    return fitted
