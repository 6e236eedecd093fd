"""What a client asks of the server, as plain values. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field

from frisket.protocol.choices import DEFAULT_QUALITY, NORMALISE_OFF
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import proxy_size


@dataclass(frozen=True)
class LayerSpec:
    """A layer and its proxy as the server needs to know them.

    Sizes are in pixels. `proxy_is_layer` says that tiles are parts of the proxy, byte for byte but
    for its transparency, so that they need not travel again.
    """

    width: int
    height: int
    tile_format: PixelFormat
    proxy_width: int
    proxy_height: int
    proxy_format: PixelFormat
    proxy_is_layer: bool = False

    @property
    def channels(self) -> int:
        """Samples per pixel of a tile."""
        return self.tile_format.channels

    @property
    def bytes(self) -> int:
        """Bytes of the whole layer in the tiles' format."""
        return self.width * self.height * self.tile_format.pixel_bytes


def describe_layer(
    width: int, height: int, tile_format: PixelFormat, proxy_format: PixelFormat
) -> LayerSpec:
    """Return a layer with the proxy that the protocol wants of it.

    A layer of 8 bits that is no larger than its proxy travels once. So its proxy has to hold the
    very bytes of its tiles, and for grey tiles red is their grey.

    Args:
        width: of the layer in pixels.
        height: the same.
        tile_format: what its tiles are read as.
        proxy_format: what its proxy is read as, `RGB8` or `RGBA8`.
    """
    size = proxy_size(width, height)
    whole = size == (width, height) and tile_format.depth == 8
    return LayerSpec(width, height, tile_format, *size, proxy_format, whole)


@dataclass(frozen=True)
class Point:
    """A click: `positive` is on the subject, else beside it. Pixels of the layer."""

    x: int
    y: int
    positive: bool = True


@dataclass(frozen=True)
class Stroke:
    """A scribble: the points of a line and half the brush's width, in pixels."""

    points: tuple[tuple[int, int], ...]
    radius_px: int
    positive: bool = True


@dataclass(frozen=True)
class HintSet:
    """All that the user says about the subject.

    `trimap` (0, 128, 255) and `prior` (0..255) are greyscale rows of the proxy's size.
    """

    boxes: tuple[tuple[int, int, int, int], ...] = ()
    points: tuple[Point, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    trimap: bytes | None = None
    prior: bytes | None = None


@dataclass(frozen=True)
class Edge:
    """Edge controls of a retoucher; zero leaves the edge as found (see EdgeControls)."""

    shift_px: float = 0.0
    feather_px: float = 0.0
    contrast: float = 0.0
    smooth: float = 0.0
    fill_holes: float = 0.0
    drop_specks: float = 0.0


@dataclass(frozen=True)
class Options:
    """How to matte: see `frisket.v1.MatteOptions`; `batch` says that nobody waits for it."""

    model: str = ""
    quality: str = DEFAULT_QUALITY
    depth: int = 8
    foreground: bool = False
    hints: HintSet = field(default_factory=HintSet)
    edge: Edge = field(default_factory=Edge)
    normalise: str = NORMALISE_OFF
    classes: tuple[str, ...] = ()
    batch: bool = False


@dataclass(frozen=True)
class Change:
    """What is changed in an open session; None leaves it as it was."""

    hints: HintSet | None = None
    edge: Edge | None = None
