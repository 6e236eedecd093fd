"""A page as if it had no transparency, for an alpha that takes its place."""

from __future__ import annotations

import dataclasses
from typing import Any

from .page import describe_colour
from .raster import TiffRaster


class OpaqueRaster(TiffRaster):
    """The colours of a page alone; what its alpha hides is seen."""

    def __init__(self, path: str, descriptor: int, size: int, page: Any) -> None:
        super().__init__(path, descriptor, size, page)
        if self.samples.alpha:
            colours = self.samples.taken[:-1]
            self.samples = dataclasses.replace(
                self.samples, taken=colours, alpha=False, premultiplied=False
            )
        self.has_alpha, self.channels = False, len(self.samples.taken)
        self._colour = describe_colour(page, self.samples)
