"""A raster held in memory: for flat images, and the fake that tests use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..core.model import Rect
from .raster import BaseRaster, Block

if TYPE_CHECKING:
    from ..colour import Colour
    from ..core.pixels import Pixels

_BLOCK_BYTES = 4 << 20


class ArrayRaster(BaseRaster):
    """A raster held in memory: flat images, and the fake for tests."""

    def __init__(self, values: Pixels, mode: str, colour: Colour, has_alpha: bool) -> None:
        """Wrap ``values`` (height, width, channels), uint8, uint16 or float32."""
        self._values, self._colour = values, colour
        self.height, self.width, self.channels = values.shape
        self.mode, self.has_alpha = mode, has_alpha
        self.depth = values.dtype.itemsize * 8
        self.dtype = values.dtype

    @property
    def colour(self) -> Colour:
        """How the samples become sRGB."""
        return self._colour

    def _read(self, rect: Rect) -> Pixels:
        return self._values[rect.y : rect.bottom, rect.x : rect.right]

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        rows = max(1, _BLOCK_BYTES // (self.width * self.channels * self._values.itemsize))
        for y in range(0, self.height, rows):
            yield partial(self._read_block, y, rows)

    def _read_block(self, y: int, rows: int) -> Block:
        return 0, y, self._values[y : y + rows]
