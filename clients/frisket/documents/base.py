"""What every kind of document and raster shares: finding layers, colour, the proxy."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from frisket.protocol.limits import MAX_PROXY_SIDE_PX

from .errors import LayerNotFound
from .model import Layer, Rect

if TYPE_CHECKING:
    import numpy as np

    from .colour import Colour
    from .pixels import Pixels

PIXEL_KINDS = ("pixel", "smart", "text", "shape", "page", "image")
Block = tuple[int, int, "Pixels"]


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
        """A rectangle that lies inside the raster."""

    @abstractmethod
    def _jobs(self) -> Iterator[Callable[[], Block]]:
        """Blocks that cover the raster once, in storage order: (x, y, pixels).

        A job may run on any thread. Decoding inside it lets several cores share the work.
        """

    def _check(self, rect: Rect) -> None:
        inside = rect.x >= 0 and rect.y >= 0
        if rect.empty or not inside or rect.right > self.width or rect.bottom > self.height:
            raise ValueError(f"{rect} is not inside a raster of {self.width} × {self.height}")

    def read(self, rect: Rect) -> Pixels:
        """The rectangle as (height, width, channels) in the document's own samples."""
        self._check(rect)
        return self._read(rect)

    def read_srgb(self, rect: Rect) -> Pixels:
        """The rectangle as sRGB (height, width, 3 or 4), uint8 or, for deeper ones, uint16."""
        return self.colour.srgb(self.read(rect))

    def bands(self, rows: int = 0) -> Iterator[tuple[int, Pixels]]:
        """Yield ``(first row, pixels)`` from top to bottom, decoding each byte once.

        ``rows`` is a wish; storage decides where a band may end.
        """
        from .parallel import ordered

        return _joined(ordered(_run, self._jobs()), self.width)

    def proxy(self, max_side: int = MAX_PROXY_SIDE_PX) -> Pixels:
        """The raster area-averaged to at most ``max_side``: sRGB uint8 (h, w, 3 or 4)."""
        from frisket.protocol.grid import proxy_size

        from .pixels import convert_depth

        size = proxy_size(self.width, self.height, max_side)
        return convert_depth(self.colour.to_srgb(self._averaged(size)), 8)

    def _averaged(self, size: tuple[int, int]) -> Pixels:
        """Plain samples averaged to (width, height), uint8 or uint16."""
        import numpy as np

        from .parallel import consume
        from .proxy import BoxMean, WeightedMean

        if size == (self.width, self.height):
            return self.colour.plain(self.read(Rect(0, 0, *size)))
        first = self.colour.plain(np.zeros((1, 1, self.channels), self.dtype))
        kind = WeightedMean if self.has_alpha else BoxMean
        top = int(np.iinfo(first.dtype).max)
        mean = kind((self.width, self.height), size, first.shape[-1], top)

        def add(job: Callable[[], Block]) -> None:
            x, y, block = job()
            mean.add(self.colour.plain(block), x, y)

        consume(add, self._jobs())
        return mean.mean(first.dtype)


def _run(job: Callable[[], Block]) -> Block:
    return job()


def _joined(blocks: Iterator[Block], width: int) -> Iterator[tuple[int, Pixels]]:
    """Blocks side by side become bands of whole rows."""
    import numpy as np

    row: list[Pixels] = []
    for x, y, block in blocks:
        row.append(block)
        if x + block.shape[1] < width:
            continue
        yield y, row[0] if len(row) == 1 else np.concatenate(row, axis=1)
        row = []


class BaseDocument(ABC):
    """An open document: its structure, its layers, and a raster for each of them."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.format = ""
        self.width = self.height = 0
        self.depth = 8
        self.mode = "RGB"
        self.icc_profile: bytes | None = None

    @cached_property
    def layers(self) -> Sequence[Layer]:
        """Every layer in tree order, topmost first, a group before what it holds."""
        return tuple(self._layers())

    @abstractmethod
    def _layers(self) -> Sequence[Layer]:
        """Build the list of layers."""

    def _whole(self, has_alpha: bool) -> Layer:
        """The only layer of a document that is one image."""
        return Layer(
            id=1,
            path="Image",
            name="Image",
            kind="image",
            x=0,
            y=0,
            width=self.width,
            height=self.height,
            visible=True,
            blend_mode="normal",
            has_mask=False,
            depth=self.depth,
            mode=self.mode,
            has_alpha=has_alpha,
        )

    @abstractmethod
    def raster(self, layer: Layer) -> BaseRaster:
        """The pixels of ``layer``."""

    def close(self) -> None:  # noqa: B027 (a document may have nothing to close)
        """Let go of the file."""

    def __enter__(self) -> BaseDocument:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def find_layer(self, selector: str | None = None) -> Layer:
        """The one layer that ``selector`` means; without one the topmost visible with pixels.

        Raises:
            LayerNotFound: There is none; the message lists those that exist.
        """
        if selector is None:
            found = [layer for layer in self._shown() if _has_pixels(layer)]
        else:
            found = self._matching(selector)
        if not found:
            raise LayerNotFound(self.path, selector, [layer.path for layer in self.layers])
        return found[0]

    def find_layers(self, selectors: Sequence[str] = (), all_layers: bool = False) -> list[Layer]:
        """The layers that any selector means, topmost first and each once.

        A selector is a name, a path ``Group/Name``, a glob of either, or an id ``#12``.

        Raises:
            LayerNotFound: One of the selectors means nothing, or nothing has pixels.
        """
        if all_layers:
            found = [layer for layer in self.layers if _has_pixels(layer)]
            if not found:
                raise LayerNotFound(self.path, None, [layer.path for layer in self.layers])
            return found
        if not selectors:
            return [self.find_layer(None)]
        chosen = {layer.id for selector in selectors for layer in self._require(selector)}
        return [layer for layer in self.layers if layer.id in chosen]

    def _require(self, selector: str) -> list[Layer]:
        found = self._matching(selector)
        if not found:
            raise LayerNotFound(self.path, selector, [layer.path for layer in self.layers])
        return found

    def _matching(self, selector: str) -> list[Layer]:
        """Exact id, path or name first; a glob only where none of these is meant."""
        if selector.startswith("#") and selector[1:].isdigit():
            return [layer for layer in self.layers if layer.id == int(selector[1:])]
        paths = [layer for layer in self.layers if layer.path == selector]
        found = paths or [layer for layer in self.layers if layer.name == selector]
        return found or [layer for layer in self.layers if _globbed(layer, selector)]

    def _shown(self) -> Iterator[Layer]:
        """Layers that are visible together with every group around them."""
        hidden = -1
        for layer in self.layers:
            if 0 <= hidden < layer.level:
                continue
            hidden = -1 if layer.visible else layer.level
            if layer.visible:
                yield layer


def _has_pixels(layer: Layer) -> bool:
    return layer.kind in PIXEL_KINDS and layer.width > 0 and layer.height > 0


def _globbed(layer: Layer, pattern: str) -> bool:
    if not any(character in pattern for character in "*?["):
        return False
    return _has_pixels(layer) and (
        fnmatchcase(layer.path, pattern) or fnmatchcase(layer.name, pattern)
    )
