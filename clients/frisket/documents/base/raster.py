"""What every raster shares: checked rectangles, bands, colour, the proxy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from frisket.protocol.grid import proxy_size
from frisket.protocol.limits import MAX_PROXY_SIDE_PX

from ..core.model import Rect

if TYPE_CHECKING:
    import numpy as np

    from ..colour import Colour
    from ..colour.proxy import Mean
    from ..core.pixels import Pixels

T = TypeVar("T")
Block = tuple[int, int, "Pixels"]


@dataclass(frozen=True)
class PixelForm:
    """What a copy of pixels is stored as.

    Attributes:
        mode: Colour mode; palettes are resolved to RGB.
        depth: Bits of a sample: 8, 16 or 32 (float).
        colours: PageSamples of colour in a pixel.
        half: Whether floats are halves in the file.
    """

    mode: str
    depth: int
    colours: int
    half: bool = field(default=False, compare=False)


class BaseRaster(ABC):
    """A raster that needs only ``_read`` and its own way of being swept."""

    width: int
    height: int
    depth: int
    mode: str
    has_alpha: bool
    channels: int
    prefers_rows: bool = False
    dtype: np.dtype[Any]

    @property
    @abstractmethod
    def colour(self) -> Colour:
        """How the samples become sRGB."""

    @abstractmethod
    def _read(self, rect: Rect) -> Pixels:
        """Return a rectangle that lies inside the raster."""

    @abstractmethod
    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        """Yield blocks that cover the raster once, in storage order: (x, y, pixels).

        A job may run on any thread. Decoding inside it lets several cores share the work.
        """

    @property
    def form(self) -> PixelForm:
        """What a copy of these pixels is stored as."""
        import numpy as np

        colour = self.colour
        kept = colour.to_straight(np.zeros((1, 1, self.channels), self.dtype))
        depth = 32 if self.dtype.kind == "f" else kept.dtype.itemsize * 8
        if colour.palette is not None:
            return PixelForm("RGB", depth, 3)
        return PixelForm(colour.mode, depth, colour.colours)

    def _check(self, rect: Rect) -> None:
        inside = rect.x >= 0 and rect.y >= 0
        if rect.empty or not inside or rect.right > self.width or rect.bottom > self.height:
            raise ValueError(f"{rect} is not inside a raster of {self.width} × {self.height}")

    def read_once(self) -> None:  # noqa: B027
        """Keep little of what is decoded, for the raster is read once, from top to bottom."""

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle as (height, width, channels) in the document's own samples."""
        self._check(rect)
        return self._read(rect)

    def read_srgb(self, rect: Rect) -> Pixels:
        """Return the rectangle as sRGB (height, width, 3 or 4), uint8 or (depth > 8) uint16."""
        return self.colour.native_to_srgb(self.read(rect))

    def read_colours(self, rect: Rect) -> Pixels:
        """Return what `read_srgb` does without transparency: (height, width, 3)."""
        return self.read_srgb(rect)[..., :3]

    def bands(self, rows: int = 0) -> Iterator[tuple[int, Pixels]]:
        """Yield ``(first row, pixels)`` from top to bottom, decoding each byte once.

        ``rows`` is a wish; storage decides where a band may end.
        """
        return _join_rows(self.blocks(), self.width)

    def blocks(self) -> Iterator[Block]:
        """Yield blocks that cover the raster once, in storage order: (x, y, pixels)."""
        from ..io.parallel import map_ordered

        return map_ordered(_run_job, self._plan_blocks())

    def proxy(
        self, max_side: int = MAX_PROXY_SIDE_PX, seen: Callable[[int], None] = lambda pixels: None
    ) -> Pixels:
        """Return the raster area-averaged to at most ``max_side``: sRGB uint8 (h, w, 3 or 4).

        ``seen`` is called on this thread with the number of pixels of each block that was read.
        """
        from ..core.pixels import convert_depth

        size = proxy_size(self.width, self.height, max_side)
        return convert_depth(self.colour.plain_to_srgb(self._average(size, seen)), 8)

    def _average(self, size: tuple[int, int], seen: Callable[[int], None]) -> Pixels:
        """Return plain samples averaged to (width, height), uint8 or uint16."""
        import numpy as np

        from ..colour.proxy import BoxMean, WeightedMean
        from ..io.parallel import map_ordered

        if size == (self.width, self.height):
            return self.colour.to_plain(self.read(Rect(0, 0, *size)))
        first = self.colour.to_plain(np.zeros((1, 1, self.channels), self.dtype))
        kind = WeightedMean if self.has_alpha else BoxMean
        top = int(np.iinfo(first.dtype).max)
        mean = kind((self.width, self.height), size, first.shape[-1], top)
        for pixels in map_ordered(_run_job, self._plan_sums(mean)):
            seen(pixels)
        return mean.mean(first.dtype)

    def _plan_sums(self, mean: Mean) -> Iterator[Callable[[], int]]:
        """Yield jobs that together add every pixel to ``mean``; each returns how many it added."""

        def add(job: Callable[[], Block]) -> int:
            x, y, block = job()
            mean.add(self.colour.to_plain(block), x, y)
            return int(block.shape[0] * block.shape[1])

        for job in self._plan_blocks():
            yield partial(add, job)


def _run_job(job: Callable[[], T]) -> T:
    return job()


def _join_rows(blocks: Iterator[Block], width: int) -> Iterator[tuple[int, Pixels]]:
    """Join blocks that lie side by side into bands of whole rows."""
    import numpy as np

    row: list[Pixels] = []
    for x, y, block in blocks:
        row.append(block)
        if x + block.shape[1] < width:
            continue
        yield y, row[0] if len(row) == 1 else np.concatenate(row, axis=1)
        row = []
