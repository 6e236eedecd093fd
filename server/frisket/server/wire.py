"""Checks and converts what travels: the only place where bytes become arrays.

Nothing from a peer becomes an allocation or a loop bound before it is checked here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from frisket.protocol.grid import Grid
from frisket.protocol.limits import (
    DEFAULT_TILE_PX,
    MAX_LAYER_PIXELS,
    MAX_PIXEL_BYTES,
    MAX_PROXY_SIDE_PX,
    MAX_SIDE_PX,
    MAX_TILE_PX,
    MAX_TILES,
    MIN_TILE_PX,
    PROTOCOL_VERSION,
)
from frisket.server.errors import ServiceError, invalid
from frisket.v1 import matting_pb2 as pb

Array = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Format:
    """A pixel format: samples per pixel and their type."""

    channels: int
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.channels * self.dtype.itemsize


_U8 = np.dtype(np.uint8)
_U16 = np.dtype("<u2")
_FORMATS: dict[int, Format] = {
    pb.PIXEL_FORMAT_GRAY8: Format(1, _U8),
    pb.PIXEL_FORMAT_GRAY16: Format(1, _U16),
    pb.PIXEL_FORMAT_RGB8: Format(3, _U8),
    pb.PIXEL_FORMAT_RGB16: Format(3, _U16),
    pb.PIXEL_FORMAT_RGBA8: Format(4, _U8),
}
GRAY8 = _FORMATS[pb.PIXEL_FORMAT_GRAY8]
_TILE_FORMATS = frozenset(_FORMATS) - {pb.PIXEL_FORMAT_RGBA8}
_PROXY_FORMATS = frozenset({pb.PIXEL_FORMAT_RGB8, pb.PIXEL_FORMAT_RGBA8})


class CorruptPixels(Exception):
    """Pixels whose checksum or size is wrong; the tile may be asked for again."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Opening:
    """A checked `open` request."""

    grid: Grid
    tile_format: Format
    proxy_width: int
    proxy_height: int
    proxy_format: Format
    alpha_depth: int
    foreground: bool
    packing: pb.Packing
    held: npt.NDArray[np.bool_]
    viewport: tuple[int, int, int, int] | None
    options: pb.MatteOptions


def read_opening(message: pb.OpenRequest) -> Opening:
    """Check an `open` request.

    Raises:
        ServiceError: VERSION_MISMATCH, TOO_LARGE or BAD_OPEN.
    """
    if message.protocol_version != PROTOCOL_VERSION:
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "VERSION_MISMATCH",
            f"This server speaks version {PROTOCOL_VERSION} of the protocol and the client "
            f"version {message.protocol_version}: install the same frisket on both sides.",
        )
    grid = _read_grid(message)
    tile_format = _read_format(message.tile_format, _TILE_FORMATS, "tile_format")
    if grid.tile_size**2 * tile_format.pixel_bytes > MAX_PIXEL_BYTES:
        raise invalid("BAD_OPEN", f"A tile of {grid.tile_size} px does not fit one message.")
    _check_proxy_size(message)
    options = message.options
    if options.alpha_format not in (0, pb.PIXEL_FORMAT_GRAY8, pb.PIXEL_FORMAT_GRAY16):
        raise invalid("BAD_OPEN", "alpha_format must be GRAY8 or GRAY16.")
    if message.packing not in (0, pb.PACKING_RAW, pb.PACKING_ZLIB):
        raise invalid("BAD_OPEN", "This packing is unknown here: use RAW or ZLIB.")
    return Opening(
        grid=grid,
        tile_format=tile_format,
        proxy_width=message.proxy_width,
        proxy_height=message.proxy_height,
        proxy_format=_read_format(message.proxy_format, _PROXY_FORMATS, "proxy_format"),
        alpha_depth=16 if options.alpha_format == pb.PIXEL_FORMAT_GRAY16 else 8,
        foreground=options.foreground_colours,
        packing=message.packing or pb.PACKING_RAW,
        held=_read_held(message, grid.count),
        viewport=read_viewport(message.viewport) if message.HasField("viewport") else None,
        options=options,
    )


def _read_grid(message: pb.OpenRequest) -> Grid:
    width, height = message.width, message.height
    if not width or not height:
        raise invalid("BAD_OPEN", f"The layer is {width} x {height} px: it has no pixels.")
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_LAYER_PIXELS:
        raise ServiceError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "TOO_LARGE",
            f"A layer of {width} x {height} px is beyond this server's limit of "
            f"{MAX_SIDE_PX} px a side and {MAX_LAYER_PIXELS // 10**9} gigapixels.",
        )
    tile_size = message.tile_size or DEFAULT_TILE_PX
    if not MIN_TILE_PX <= tile_size <= MAX_TILE_PX:
        raise invalid("BAD_OPEN", f"tile_size must be {MIN_TILE_PX}..{MAX_TILE_PX} px.")
    grid = Grid(width, height, tile_size)
    if grid.count > MAX_TILES:
        raise invalid("BAD_OPEN", f"{grid.count} tiles are too many: use a larger tile_size.")
    return grid


def _check_proxy_size(message: pb.OpenRequest) -> None:
    width, height = message.proxy_width, message.proxy_height
    limit = min(MAX_PROXY_SIDE_PX, max(message.width, message.height))
    if not 1 <= width <= min(limit, message.width) or not 1 <= height <= min(limit, message.height):
        raise invalid("BAD_OPEN", f"A proxy of {width} x {height} px does not suit this layer.")
    # The same proportions, up to the rounding of either side.
    skew = abs(width * message.height - height * message.width)
    if skew > max(message.width, message.height):
        raise invalid("BAD_OPEN", "The proxy has not the proportions of the layer.")


def _read_format(value: int, allowed: frozenset[int], name: str) -> Format:
    if value not in allowed:
        raise invalid("BAD_OPEN", f"{name} {value} is not a format this server takes here.")
    return _FORMATS[value]


def _read_held(message: pb.OpenRequest, count: int) -> npt.NDArray[np.bool_]:
    """Return a flag for each of `count` tiles; runs that rise name none of them twice."""
    runs = message.held
    if len(runs) > count:
        raise invalid("BAD_OPEN", "`held` has more runs than this layer has tiles.")
    firsts = np.fromiter((run.first for run in runs), np.int64, len(runs))
    ends = firsts + np.fromiter((run.count for run in runs), np.int64, len(runs))
    if (ends <= firsts).any() or (ends > count).any():
        raise invalid("BAD_OPEN", "`held` names tiles that this layer does not have.")
    if (firsts[1:] < ends[:-1]).any():
        raise invalid("BAD_OPEN", "The runs of `held` must rise and not overlap.")
    steps = np.zeros(count + 1, np.int8)
    steps[firsts] += 1
    steps[ends] -= 1
    return steps[:count].cumsum(dtype=np.int8).astype(np.bool_)


def read_viewport(rect: pb.Rect) -> tuple[int, int, int, int]:
    """Return a viewport as x, y, width, height; one beyond the layer is harmless."""
    return rect.x, rect.y, rect.width, rect.height


def unpack(pixels: pb.Pixels, width: int, height: int, form: Format) -> Array:
    """Check and unpack pixels of a known size.

    Returns:
        An array (height, width) or (height, width, channels), read-only.

    Raises:
        CorruptPixels: the checksum or the size is wrong.
    """
    expected = width * height * form.pixel_bytes
    if zlib.crc32(pixels.data) != pixels.crc32:
        raise CorruptPixels("CORRUPT_PIXELS", "The pixels' checksum is wrong.")
    data = _inflate(pixels.data, expected) if pixels.packing == pb.PACKING_ZLIB else pixels.data
    if len(data) != expected:
        raise CorruptPixels("BAD_SIZE", f"{len(data)} bytes came where {expected} belong.")
    shape = (height, width) if form.channels == 1 else (height, width, form.channels)
    flat: npt.NDArray[Any] = np.frombuffer(data, form.dtype)
    return flat.reshape(shape)


def _inflate(data: bytes, expected: int) -> bytes:
    """Inflate at most one byte more than expected, however large the bomb."""
    try:
        return zlib.decompressobj().decompress(data, expected + 1)
    except zlib.error as error:
        raise CorruptPixels("CORRUPT_PIXELS", f"The pixels cannot be inflated: {error}.") from error


def pack(array: Array, packing: pb.Packing) -> pb.Pixels:
    """Return an array's rows as they travel, 16-bit samples little-endian."""
    if array.dtype == np.uint16:
        array = array.astype("<u2", copy=False)
    data = np.ascontiguousarray(array).tobytes()
    if packing == pb.PACKING_ZLIB:
        data = zlib.compress(data, 1)
    return pb.Pixels(data=data, packing=packing, crc32=zlib.crc32(data))


def coarse_rows(
    coarse: npt.NDArray[np.uint8], revision: int, packing: pb.Packing
) -> Iterator[pb.MatteResponse]:
    """Yield the coarse alpha (height, width) in messages of bounded size."""
    height, width = coarse.shape
    step = max(1, MAX_PIXEL_BYTES // width)
    for first in range(0, height, step):
        part = coarse[first : first + step]
        yield pb.MatteResponse(
            coarse=pb.CoarseRows(
                revision=revision,
                first_row=first,
                row_count=len(part),
                pixels=pack(part, packing),
            )
        )


def tile_runs(flags: npt.NDArray[np.bool_]) -> list[pb.TileRun]:
    """Pack a flag per tile into runs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [
        pb.TileRun(first=int(first), count=int(end - first))
        for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


class PlaneReader:
    """Collects planes of the proxy's size that arrive in rows, from top to bottom.

    Args:
        width: of every plane, in pixels.
        height: likewise.
        forms: the planes expected and their formats.
    """

    def __init__(self, width: int, height: int, forms: dict[pb.Plane, Format]) -> None:
        self._width, self._height, self._forms = width, height, forms
        self._rows = dict.fromkeys(forms, 0)
        self._planes = {plane: self._blank(form) for plane, form in forms.items()}

    def add(self, message: pb.PlaneRows) -> None:
        """Take the next rows of a plane.

        Raises:
            ServiceError: BAD_PROXY: not announced, out of order, or damaged.
        """
        plane, first, count = message.plane, message.first_row, message.row_count
        if plane not in self._forms:
            raise invalid("BAD_PROXY", "Rows of a plane came that was not announced.")
        if first != self._rows[plane] or not 1 <= count <= self._height - first:
            raise invalid("BAD_PROXY", "Rows of a plane came out of order.")
        try:
            part = unpack(message.pixels, self._width, count, self._forms[plane])
        except CorruptPixels as error:
            raise invalid("BAD_PROXY", f"Rows of the proxy arrived damaged: {error}") from error
        self._planes[plane][first : first + count] = part
        self._rows[plane] += count

    @property
    def complete(self) -> bool:
        """Whether every row of every plane is here."""
        return all(rows == self._height for rows in self._rows.values())

    def planes(self) -> dict[int, npt.NDArray[np.uint8]]:
        """Return the planes (height, width) or (height, width, channels)."""
        return {int(plane): rows for plane, rows in self._planes.items()}

    def _blank(self, form: Format) -> npt.NDArray[np.uint8]:
        shape = (self._height, self._width)
        return np.zeros(shape if form.channels == 1 else (*shape, form.channels), np.uint8)
