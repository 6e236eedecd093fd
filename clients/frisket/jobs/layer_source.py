"""A document's layer as a session needs it: a proxy, and tiles on demand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from frisket.client.options import LayerSpec, describe_layer
from frisket.documents import Raster, Rect
from frisket.protocol.formats import pixel_format
from frisket.protocol.grid import TileRect


class LayerSource:
    """Reads the proxy once and tiles when asked, as the server expects them.

    Args:
        raster: the layer's pixels.
        seen: called with the number of pixels that were read, as the proxy is made.
        proxy: the layer's proxy, where it has been made already.
    """

    def __init__(
        self,
        raster: Raster,
        seen: Callable[[int], None] = lambda pixels: None,
        proxy: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        self._raster = raster
        self.channels = 1 if raster.mode == "GRAY" else 3
        self.depth = 8 if raster.depth <= 8 else 16
        self.proxy = np.ascontiguousarray(raster.proxy(seen=seen) if proxy is None else proxy)

    def spec(self) -> LayerSpec:
        """Return the layer's sizes and formats."""
        # Proxy and tiles are made of the same samples by the same steps, pixel by pixel.
        return describe_layer(
            self._raster.width,
            self._raster.height,
            pixel_format(self.channels, self.depth),
            pixel_format(self.proxy.shape[2], 8),
        )

    def read_tile(self, rect: TileRect) -> memoryview:
        """Return a tile's rows in sRGB (or grey), without transparency."""
        pixels = self._raster.read_colours(Rect(rect.x, rect.y, rect.width, rect.height))
        return _rows(pixels[..., : self.channels]).data.cast("B")


def _rows(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    little = pixels.astype("<u2", copy=False) if pixels.dtype.itemsize == 2 else pixels
    return np.ascontiguousarray(little)
