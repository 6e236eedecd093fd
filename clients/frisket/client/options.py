"""What a client asks of the server, as plain values. Standard library and protobuf only."""

from __future__ import annotations

from dataclasses import dataclass, field

from frisket.protocol.formats import PixelFormat, pixel_format
from frisket.v1 import matting_pb2 as pb

QUALITIES = {
    "draft": pb.QUALITY_DRAFT,
    "standard": pb.QUALITY_STANDARD,
    "high": pb.QUALITY_HIGH,
    "best": pb.QUALITY_BEST,
}


@dataclass(frozen=True)
class LayerSpec:
    """A layer and its proxy as the server needs to know them.

    Sizes are in pixels.
    """

    width: int
    height: int
    tile_format: PixelFormat
    proxy_width: int
    proxy_height: int
    proxy_format: PixelFormat

    @property
    def channels(self) -> int:
        """Samples per pixel of a tile."""
        return self.tile_format.channels

    @property
    def bytes(self) -> int:
        """Bytes of the whole layer in the tiles' format."""
        return self.width * self.height * self.tile_format.pixel_bytes


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
    """How to matte: see `frisket.v1.MatteOptions`."""

    model: str = ""
    quality: str = "standard"
    depth: int = 8
    foreground: bool = False
    hints: HintSet = field(default_factory=HintSet)
    edge: Edge = field(default_factory=Edge)
    normalise: str = "off"
    classes: tuple[str, ...] = ()


def edge_message(edge: Edge) -> pb.EdgeControls:
    """Return the wire form of edge controls."""
    return pb.EdgeControls(
        shift_px=edge.shift_px,
        feather_px=edge.feather_px,
        contrast=edge.contrast,
        smooth=edge.smooth,
        fill_holes=edge.fill_holes,
        drop_specks=edge.drop_specks,
    )


def _scribble_message(stroke: Stroke) -> pb.Scribble:
    return pb.Scribble(
        x=[x for x, _ in stroke.points],
        y=[y for _, y in stroke.points],
        radius_px=stroke.radius_px,
        positive=stroke.positive,
    )


def hints_message(hints: HintSet) -> pb.Hints:
    """Return the wire form of hints; planes are announced, not carried."""
    return pb.Hints(
        boxes=[pb.Rect(x=x, y=y, width=w, height=h) for x, y, w, h in hints.boxes],
        points=[pb.HintPoint(x=p.x, y=p.y, positive=p.positive) for p in hints.points],
        scribbles=[_scribble_message(stroke) for stroke in hints.strokes],
        trimap=hints.trimap is not None,
        prior=hints.prior is not None,
    )


def options_message(options: Options) -> pb.MatteOptions:
    """Return the wire form of options."""
    return pb.MatteOptions(
        model=options.model,
        quality=QUALITIES[options.quality],
        alpha_format=pixel_format(1, options.depth).wire_name,
        foreground_colours=options.foreground,
        hints=hints_message(options.hints),
        edge=edge_message(options.edge),
        normalise="" if options.normalise == "off" else options.normalise,
        classes=options.classes,
    )
