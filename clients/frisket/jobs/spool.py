"""A matte that exists, read once from top to bottom and then by any rectangle."""

from __future__ import annotations

import tempfile
from types import TracebackType

import numpy as np
import numpy.typing as npt

from frisket.documents import AlphaSource, PlaceError, Rect
from frisket.documents.core.pixels import Pixels

_CELL = 256
_MIXED, _CLEAR, _FULL = 0, 1, 2


class SpooledAlpha:
    """Holds an alpha in a temporary file without a name; a context.

    Files decode whole rows at a time, so that asking them tile by tile would decode all of them
    again and again. What is 0 or full in whole cells is noted on the way.

    Args:
        alpha: what is held.

    Raises:
        PlaceError: the temporary folder has no room.
        DocumentError: the alpha cannot be read.
    """

    def __init__(self, alpha: AlphaSource) -> None:
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth
        self._type = np.dtype(np.uint8 if alpha.depth == 8 else np.uint16)
        self._cells = np.zeros((-(-self.height // _CELL), -(-self.width // _CELL)), np.uint8)
        self._file = tempfile.TemporaryFile(prefix="frisket-")  # noqa: SIM115
        try:
            for row in range(len(self._cells)):
                self._take(alpha, row)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> SpooledAlpha:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()

    def _take(self, alpha: AlphaSource, row: int) -> None:
        band = Rect(0, row * _CELL, self.width, min(_CELL, self.height - row * _CELL))
        values = alpha.read(band)
        columns = np.arange(0, self.width, _CELL)
        least = np.minimum.reduceat(values.min(axis=0), columns)
        most = np.maximum.reduceat(values.max(axis=0), columns)
        self._cells[row, most == 0] = _CLEAR
        self._cells[row, least == np.iinfo(self._type).max] = _FULL
        try:
            self._file.write(values.tobytes())
        except OSError as error:
            raise PlaceError(
                tempfile.gettempdir(), "there is no room for a matte while it is worked on",
                advice="make room, or name another folder with TMPDIR",
            ) from error  # fmt: skip

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is known to be constant."""
        rows = slice(rect.y // _CELL, -(-rect.bottom // _CELL))
        cells = self._cells[rows, rect.x // _CELL : -(-rect.right // _CELL)]
        if (cells == _CLEAR).all():
            return 0
        return int(np.iinfo(self._type).max) if (cells == _FULL).all() else None

    def read(self, rect: Rect) -> Pixels:
        """Return alpha (height, width), uint8 or uint16 by `depth`."""
        out: npt.NDArray[np.uint8] = np.empty((rect.height, rect.width), self._type)
        size = self._type.itemsize
        for number, row in enumerate(range(rect.y, rect.bottom)):
            self._file.seek((row * self.width + rect.x) * size)
            out[number] = np.frombuffer(self._file.read(rect.width * size), self._type)
        return out
