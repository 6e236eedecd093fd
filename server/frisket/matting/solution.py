"""A layer solved on its proxy: what every tile of it can be computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.matting import engine
from frisket.matting.engine.types import Bytes, Pixels
from frisket.models import UNFITTED, Coarse, Doubt
from frisket.protocol.grid import Grid


@dataclass(frozen=True, eq=False)
class Solution:
    """A layer solved on its proxy, ready for tiles.

    Attributes:
        grid: the layer's tiles.
        coarse: the model's answer that it was solved from.
        matte: alpha as a linear function of colour.
        foreground: what cleaned colours come from; None when nobody asked for them.
        plan: (tiles,) int16: 0 or 255 for a solid tile, -1 for one whose pixels are needed.
        depth: bits of the alpha, 8 or 16.
        method: how it was solved, in a sentence or two.
        windows: where a refiner looks closer; None without one.
    """

    grid: Grid
    coarse: Coarse
    matte: engine.LinearMatte
    foreground: engine.ForegroundColours | None
    plan: npt.NDArray[np.int16]
    depth: int
    method: str
    windows: engine.Windows | None = None

    @property
    def needs_pixels(self) -> bool:
        """Whether a tile depends on its own pixels, and not on its place alone."""
        return self.foreground is not None or self.windows is not None or bool(self.matte.a.any())

    def refine(
        self, tile: int, pixels: Pixels, answers: Mapping[int, Pixels | None] | None = None
    ) -> tuple[Pixels, Pixels | None]:
        """Return a tile's alpha (h, w) and, where asked for, foreground colours like `pixels`.

        Args:
            tile: its number.
            pixels: (h, w) or (h, w, 3) uint8 or uint16.
            answers: of the refiner's windows that touch the tile, where there is a refiner.
        """
        x, y, _, _ = self.grid.rect(tile)
        alpha = engine.refine(self.matte, x, y, pixels, self.depth)
        if self.windows is not None and answers is not None:
            alpha = engine.blend_windows(self.matte, self.windows, answers, alpha, (x, y))
        if self.foreground is None:
            return alpha, None
        return alpha, engine.clean_colours(self.foreground, self.matte, x, y, pixels, alpha)

    def read_trimap(self, window: int) -> Bytes:
        """Return what is known of a window's pixels that lie in the layer: 0, 128 and 255."""
        assert self.windows is not None
        (left, top), side = self.windows.corner(window), self.windows.side
        size = (min(side, self.grid.height - top), min(side, self.grid.width - left))
        return engine.interpolate_trimap(self.matte, left, top, size)

    def changed_since(self, before: Solution) -> npt.NDArray[np.bool_]:
        """Return a flag for every tile whose alpha may differ from an earlier solution's."""
        tile_size = self.grid.tile_size
        changed = engine.changed_tiles(before.matte, self.matte, tile_size)
        if self.windows is None and before.windows is None:
            return changed.ravel()
        if self.windows is None or before.windows is None:
            return np.ones(changed.size, np.bool_)
        return self.windows.spread(changed, tile_size, before.windows).ravel()

    def assess(self, doubt: Doubt = UNFITTED, second: Bytes | None = None) -> engine.Assessment:
        """Return how good the matte probably is; see `engine.assess`."""
        coarse = self.coarse
        return engine.assess(coarse.alpha, self.matte, coarse.confidence, doubt, second)
