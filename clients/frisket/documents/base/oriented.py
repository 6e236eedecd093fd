"""Pictures that are stored turned or mirrored, seen upright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..colour import Colour
from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels
from .raster import BaseRaster, Block

_BAND_ROWS = 128


@dataclass(frozen=True)
class Turn:
    """How stored pixels become upright: transpose first, then mirror."""

    transposed: bool
    flip_y: bool
    flip_x: bool

    def apply(self, stored: Pixels) -> Pixels:
        """Return upright pixels of stored ones."""
        turned = stored.swapaxes(0, 1) if self.transposed else stored
        return turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]

    def undo(self, upright: Pixels) -> Pixels:
        """Return stored pixels of upright ones."""
        turned = upright[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
        return turned.swapaxes(0, 1) if self.transposed else turned

    def to_stored(self, rect: Rect, width: int, height: int) -> Rect:
        """Return an upright rectangle in stored coordinates; the size is the upright one."""
        flipped = self._flip(rect, width, height)
        return _swap_axes(flipped) if self.transposed else flipped

    def to_upright(self, rect: Rect, width: int, height: int) -> Rect:
        """Return a stored rectangle in upright coordinates; the size is the upright one."""
        return self._flip(_swap_axes(rect) if self.transposed else rect, width, height)

    def _flip(self, rect: Rect, width: int, height: int) -> Rect:
        x = width - rect.right if self.flip_x else rect.x
        y = height - rect.bottom if self.flip_y else rect.y
        return Rect(x, y, rect.width, rect.height)


def _swap_axes(rect: Rect) -> Rect:
    return Rect(rect.y, rect.x, rect.height, rect.width)


# The orientations of TIFF and EXIF; 1 is upright.
TURNS = {
    2: Turn(False, False, True),
    3: Turn(False, True, True),
    4: Turn(False, True, False),
    5: Turn(True, False, False),
    6: Turn(True, False, True),
    7: Turn(True, True, True),
    8: Turn(True, True, False),
}


class OrientedRaster(BaseRaster):
    """A raster seen upright; rectangles are those people see."""

    def __init__(self, stored: BaseRaster, turn: Turn) -> None:
        self.stored, self.turn = stored, turn
        size = stored.width, stored.height
        self.width, self.height = size[::-1] if turn.transposed else size
        self.depth, self.mode, self.dtype = stored.depth, stored.mode, stored.dtype
        self.has_alpha, self.channels = stored.has_alpha, stored.channels
        self.prefers_rows = stored.prefers_rows and not turn.transposed

    @property
    def colour(self) -> Colour:
        """How the samples become sRGB."""
        return self.stored.colour

    def _read(self, rect: Rect) -> Pixels:
        stored = self.turn.to_stored(rect, self.width, self.height)
        return np.ascontiguousarray(self.turn.apply(self.stored.read(stored)))

    def bands(self, rows: int = 0) -> Iterator[tuple[int, Pixels]]:
        """Yield ``(first row, pixels)`` from top to bottom of the upright picture."""
        step = rows or _BAND_ROWS
        for y in range(0, self.height, step):
            yield y, self.read(Rect(0, y, self.width, min(step, self.height - y)))

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        for job in self.stored._plan_blocks():
            yield partial(self._turn_block, job)

    def _turn_block(self, job: Callable[[], Block]) -> Block:
        x, y, pixels = job()
        stored = Rect(x, y, pixels.shape[1], pixels.shape[0])
        place = self.turn.to_upright(stored, self.width, self.height)
        return place.x, place.y, np.ascontiguousarray(self.turn.apply(pixels))


class StoredAlpha:
    """An upright alpha, read in the coordinates that its page is stored in."""

    def __init__(self, upright: AlphaSource, turn: Turn) -> None:
        self._upright, self._turn = upright, turn
        size = upright.width, upright.height
        self.width, self.height = size[::-1] if turn.transposed else size
        self.depth = upright.depth

    def _find_upright(self, rect: Rect) -> Rect:
        return self._turn.to_upright(rect, self._upright.width, self._upright.height)

    def read(self, rect: Rect) -> Pixels:
        """Return the stored rectangle, (height, width)."""
        return np.ascontiguousarray(self._turn.undo(self._upright.read(self._find_upright(rect))))

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is known to be constant."""
        return self._upright.solid(self._find_upright(rect))
