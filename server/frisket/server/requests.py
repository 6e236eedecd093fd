"""Reads what a client asks for into values of the matting room.

Nothing from a peer becomes an allocation or a loop bound before it is checked here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from frisket.matting import MattingOptions
from frisket.matting.engine import (
    EdgeControls,
    Hints,
    Quality,
    check_normalisation,
)
from frisket.models import Coarse
from frisket.protocol.formats import PROXY_FORMATS, TILE_FORMATS, PixelFormat
from frisket.protocol.grid import Grid
from frisket.protocol.limits import (
    DEFAULT_TILE_PX,
    MAX_CLASSES,
    MAX_LAYER_PIXELS,
    MAX_NAME_BYTES,
    MAX_NOTE_BYTES,
    MAX_PIXEL_BYTES,
    MAX_PROXY_SIDE_PX,
    MAX_SIDE_PX,
    MAX_TILE_PX,
    MAX_TILES,
    MIN_TILE_PX,
    PROTOCOL_VERSION,
)
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.server.hint_requests import list_planes, read_hints
from frisket.server.wire import Packing, Plane, SequenceRequest
from frisket.v1 import matting_pb2 as pb

Viewport = tuple[int, int, int, int]
"""x, y, width, height in pixels of the layer."""

_QUALITIES: dict[int, Quality] = {
    pb.QUALITY_UNSPECIFIED: Quality.STANDARD,
    pb.QUALITY_DRAFT: Quality.DRAFT,
    pb.QUALITY_STANDARD: Quality.STANDARD,
    pb.QUALITY_HIGH: Quality.HIGH,
    pb.QUALITY_BEST: Quality.BEST,
}
_ALPHA_DEPTHS: dict[int, int] = {0: 8, pb.PIXEL_FORMAT_GRAY8: 8, pb.PIXEL_FORMAT_GRAY16: 16}


@dataclass(frozen=True)
class Opening:
    """A checked `open` request.

    Attributes:
        model: the name of a model; empty for the default.
        options: what is wanted; hints' planes are still to come.
        planes: what follows of the proxy's size.
        coarse: the coarse alpha that the client had already, its pixels still to come.
        grid: the layer's tiles.
        tile_format: of the tiles that the client will send.
        proxy_size: (width, height) in pixels.
        proxy_format: with or without transparency.
        packing: of what is answered.
        held: (tiles,) those that the client has already.
        viewport: the part in sight.
        batch: nobody waits for it.
        client: as it calls itself; not to be trusted.
        proxy_is_layer: tiles are parts of the proxy, and need not be sent.
    """

    model: str
    options: MattingOptions
    planes: tuple[Plane, ...]
    coarse: Coarse | None
    grid: Grid
    tile_format: PixelFormat
    proxy_size: tuple[int, int]
    proxy_format: PixelFormat
    packing: Packing
    held: npt.NDArray[np.bool_]
    viewport: Viewport | None
    batch: bool = False
    client: str = ""
    proxy_is_layer: bool = False

    def without_hints(self) -> Opening:
        """Return the same without its hints, which may be large."""
        return replace(self, options=replace(self.options, hints=Hints()))


@dataclass(frozen=True)
class Update:
    """A checked `update`; what is None stays as it was."""

    revision: int
    viewport: Viewport | None
    hints: Hints | None
    planes: tuple[Plane, ...]
    edge: EdgeControls | None
    cancel: bool

    def change(self, options: MattingOptions) -> MattingOptions:
        """Return options with what is updated."""
        hints = options.hints if self.hints is None else self.hints
        return replace(options, hints=hints, edge=self.edge or options.edge)


def read_opening(request: pb.MatteRequest | None) -> Opening:
    """Check the first request of a stream; this takes a while for many hints.

    Raises:
        ServiceError: BAD_ORDER, VERSION_MISMATCH, TOO_LARGE, BAD_OPEN or BAD_HINT.
        BadInput: edge controls beyond their limits, a hint outside the layer, or a
            normalisation that does not exist.
    """
    if request is None or not request.HasField("open"):
        raise ServiceError(Reason.BAD_ORDER, "The first request of a stream must be 'open'.")
    message = request.open
    _check_version(message.protocol_version)
    _check_length(message.client, "client")
    grid = _read_grid(message)
    tile_format = _read_format(message.tile_format, TILE_FORMATS, "tile_format")
    if grid.tile_size**2 * tile_format.pixel_bytes > MAX_PIXEL_BYTES:
        raise _bad_open(f"A tile of {grid.tile_size} px does not fit one message.")
    _check_proxy_size(message)
    if message.proxy_is_layer:
        _check_proxy_is_layer(message, tile_format)
    return Opening(
        model=message.options.model,
        options=read_options(message.options, (grid.width, grid.height)),
        planes=_list_opening_planes(message),
        coarse=_read_coarse(message.coarse) if message.HasField("coarse") else None,
        grid=grid,
        tile_format=tile_format,
        proxy_size=(message.proxy_width, message.proxy_height),
        proxy_format=_read_format(message.proxy_format, PROXY_FORMATS, "proxy_format"),
        packing=_read_packing(message.packing),
        held=_read_held(message, grid.count),
        viewport=_read_viewport(message.viewport) if message.HasField("viewport") else None,
        batch=message.batch,
        client=message.client,
        proxy_is_layer=message.proxy_is_layer,
    )


def read_sequence_opening(request: SequenceRequest | None) -> Opening:
    """Check the first request of a sequence.

    Raises:
        ServiceError: as `read_opening`; BAD_OPEN for what belongs to one picture alone.
        BadInput: as `read_opening`.
    """
    if request is None or not request.HasField("open"):
        raise ServiceError(Reason.BAD_ORDER, "The first request of a sequence must be 'open'.")
    message = request.open
    if message.options.HasField("hints") and message.options.hints != pb.Hints():
        raise _bad_open("Hints belong to one picture; a sequence takes none.")
    if message.held or message.HasField("viewport"):
        raise _bad_open("'held' and 'viewport' belong to one picture; a sequence takes neither.")
    return read_opening(pb.MatteRequest(open=message))


def read_options(message: pb.MatteOptions, layer: tuple[int, int]) -> MattingOptions:
    """Check what is wanted of a matte.

    Args:
        message: as it came.
        layer: (width, height) in pixels, where hints must lie.

    Raises:
        ServiceError: BAD_OPEN or BAD_HINT.
        BadInput: as `read_opening`.
    """
    read_name(message.model)
    _check_length(message.normalise, "normalise")
    check_normalisation(message.normalise)
    if len(message.classes) > MAX_CLASSES:
        raise _bad_open(f"{len(message.classes)} classes are too many: at most {MAX_CLASSES}.")
    for name in message.classes:
        _check_length(name, "The name of a class")
    if message.quality not in _QUALITIES:
        raise _bad_open(f"The quality {message.quality} is unknown here.")
    if message.alpha_format not in _ALPHA_DEPTHS:
        raise _bad_open("alpha_format must be GRAY8 or GRAY16.")
    return MattingOptions(
        quality=_QUALITIES[message.quality],
        edge=_read_edge(message.edge),
        hints=read_hints(message.hints, layer),
        normalise=message.normalise,
        classes=tuple(message.classes),
        depth=_ALPHA_DEPTHS[message.alpha_format],
        foreground=message.foreground_colours,
    )


def read_name(name: str) -> str:
    """Return the name of a model, or of none, as it came.

    Raises:
        ServiceError: BAD_OPEN: it is too long.
    """
    _check_length(name, "The name of a model")
    return name


def read_update(message: pb.UpdateRequest, layer: tuple[int, int]) -> Update:
    """Check a change of an open session; this takes a while for many hints.

    Args:
        message: as it came.
        layer: (width, height) in pixels, where hints must lie.

    Raises:
        ServiceError: BAD_HINT.
        BadInput: edge controls beyond their limits, or a hint outside the layer.
    """
    return Update(
        revision=message.revision,
        viewport=_read_viewport(message.viewport) if message.HasField("viewport") else None,
        hints=read_hints(message.hints, layer) if message.HasField("hints") else None,
        planes=tuple(list_planes(message.hints)),
        edge=_read_edge(message.edge) if message.HasField("edge") else None,
        cancel=message.cancel,
    )


def _list_opening_planes(message: pb.OpenRequest) -> tuple[Plane, ...]:
    coarse = (Plane.COARSE,) if message.HasField("coarse") else ()
    return (Plane.PROXY, *coarse, *list_planes(message.options.hints))


def _bad_open(message: str) -> ServiceError:
    return ServiceError(Reason.BAD_OPEN, message)


def _check_length(text: str, what: str) -> None:
    """Refuse a text that would fill logs and answers; it is not repeated."""
    if len(text.encode()) > MAX_NAME_BYTES:
        raise _bad_open(f"{what} has {len(text)} characters: at most {MAX_NAME_BYTES} bytes.")


def _check_version(version: int) -> None:
    if version != PROTOCOL_VERSION:
        raise ServiceError(
            Reason.VERSION_MISMATCH,
            f"This server speaks version {PROTOCOL_VERSION} of the protocol and the client "
            f"version {version}: install the same frisket on both sides.",
        )


def _read_grid(message: pb.OpenRequest) -> Grid:
    width, height = message.width, message.height
    if not width or not height:
        raise _bad_open(f"The layer is {width} x {height} px: it has no pixels.")
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_LAYER_PIXELS:
        raise ServiceError(
            Reason.TOO_LARGE,
            f"A layer of {width} x {height} px is beyond this server's limit of "
            f"{MAX_SIDE_PX} px a side and {MAX_LAYER_PIXELS // 10**9} gigapixels.",
        )
    tile_size = message.tile_size or DEFAULT_TILE_PX
    if not MIN_TILE_PX <= tile_size <= MAX_TILE_PX:
        raise _bad_open(f"tile_size must be {MIN_TILE_PX}..{MAX_TILE_PX} px.")
    grid = Grid(width, height, tile_size)
    if grid.count > MAX_TILES:
        raise _bad_open(f"{grid.count} tiles are too many: use a larger tile_size.")
    return grid


def _read_coarse(facts: pb.CoarseFacts) -> Coarse:
    """Return a coarse alpha whose pixels are still to come."""
    if not 1 <= facts.cell_px <= MAX_PROXY_SIDE_PX or not 0 <= facts.confidence <= 1:
        raise _bad_open("The coarse alpha was not sent back with the facts that it came with.")
    if len(facts.note.encode()) > MAX_NOTE_BYTES:
        raise _bad_open(f"The note of a coarse alpha has at most {MAX_NOTE_BYTES} bytes.")
    return Coarse(
        np.zeros((0, 0), np.uint8),
        cell_px=facts.cell_px,
        confidence=facts.confidence,
        prompted=facts.prompted,
        note=facts.note,
    )


def _check_proxy_size(message: pb.OpenRequest) -> None:
    width, height = message.proxy_width, message.proxy_height
    limit = min(MAX_PROXY_SIDE_PX, max(message.width, message.height))
    if not 1 <= width <= min(limit, message.width) or not 1 <= height <= min(limit, message.height):
        raise _bad_open(f"A proxy of {width} x {height} px does not suit this layer.")
    # The same proportions, up to the rounding of either side.
    skew = abs(width * message.height - height * message.width)
    if skew > max(message.width, message.height):
        raise _bad_open("The proxy has not the proportions of the layer.")


def _check_proxy_is_layer(message: pb.OpenRequest, tile_format: PixelFormat) -> None:
    same = (message.proxy_width, message.proxy_height) == (message.width, message.height)
    if not same or tile_format.depth != 8:
        raise _bad_open("A proxy of another size or depth than the layer's is not the layer.")


def _read_format(value: int, allowed: frozenset[PixelFormat], name: str) -> PixelFormat:
    if value not in allowed:
        raise _bad_open(f"{name} {value} is not a format this server takes here.")
    return PixelFormat(value)


def _read_packing(value: int) -> Packing:
    if value not in (0, *Packing):
        raise _bad_open("This packing is unknown here: use RAW or ZLIB.")
    return Packing(value) if value else Packing.RAW


def _read_held(message: pb.OpenRequest, count: int) -> npt.NDArray[np.bool_]:
    """Return a flag for each of `count` tiles; runs that rise name none of them twice."""
    runs = message.held
    if len(runs) > count:
        raise _bad_open("`held` has more runs than this layer has tiles.")
    firsts = np.fromiter((run.first for run in runs), np.int64, len(runs))
    ends = firsts + np.fromiter((run.count for run in runs), np.int64, len(runs))
    if (ends <= firsts).any() or (ends > count).any():
        raise _bad_open("`held` names tiles that this layer does not have.")
    if (firsts[1:] < ends[:-1]).any():
        raise _bad_open("The runs of `held` must rise and not overlap.")
    steps = np.zeros(count + 1, np.int8)
    steps[firsts] += 1
    steps[ends] -= 1
    return steps[:count].cumsum(dtype=np.int8).astype(np.bool_)


def _read_viewport(rect: pb.Rect) -> Viewport:
    """Return a viewport; one beyond the layer is harmless."""
    return rect.x, rect.y, rect.width, rect.height


def _read_edge(edge: pb.EdgeControls) -> EdgeControls:
    return EdgeControls(
        shift_px=edge.shift_px,
        feather_px=edge.feather_px,
        contrast=edge.contrast,
        smooth=edge.smooth,
        fill_holes=edge.fill_holes,
        drop_specks=edge.drop_specks,
    )
