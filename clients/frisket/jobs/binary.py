"""An alpha without soft edges."""

from __future__ import annotations

import numpy as np

from frisket.documents import AlphaSource, Rect
from frisket.jobs.store import Samples


class BinaryAlpha:
    """Shows another alpha as 0 and full only, whatever asks for it.

    Args:
        alpha: what is shown.
        threshold: share of opacity, above 0 and at most 1, from which alpha is full.
    """

    def __init__(self, alpha: AlphaSource, threshold: float) -> None:
        self._alpha = alpha
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth
        self._top = (1 << alpha.depth) - 1
        self._least = threshold * self._top

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is known to be constant."""
        return self._alpha.solid(rect)

    def read(self, rect: Rect) -> Samples:
        """Return alpha (height, width) of 0 and the greatest value, in the depth of the other."""
        soft = self._alpha.read(rect)
        hard: Samples = np.where(soft >= self._least, self._top, 0).astype(soft.dtype)
        return hard
