"""What trials send, message by message."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from frisket.protocol.grid import Grid, proxy_size
from frisket.v1 import matting_pb2 as pb

TILE = 128
MIB = 1 << 20


def pixels(data: bytes, packing: pb.Packing = pb.PACKING_RAW) -> pb.Pixels:
    """Return pixels as they travel."""
    packed = zlib.compress(data, 1) if packing == pb.PACKING_ZLIB else data
    return pb.Pixels(data=packed, packing=packing, crc32=zlib.crc32(packed))


def opening(
    size: tuple[int, int], proxy: np.ndarray, tile_size: int = TILE, **asked: Any
) -> pb.MatteRequest:
    """Return an `open`: fields of its own by name, all others are options."""
    own = {k: asked.pop(k) for k in ("held", "packing", "viewport", "client") if k in asked}
    message = pb.OpenRequest(
        protocol_version=1,
        width=size[0],
        height=size[1],
        tile_format=pb.PIXEL_FORMAT_RGB8,
        tile_size=tile_size,
        proxy_width=proxy.shape[1],
        proxy_height=proxy.shape[0],
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        options=pb.MatteOptions(**asked),
        **own,
    )
    return pb.MatteRequest(open=message)


def rows(plane: pb.Plane, array: np.ndarray) -> Iterator[pb.MatteRequest]:
    """Yield a plane in messages of at most 2 MiB."""
    step = max(1, 2 * MIB // array[0].nbytes)
    for first in range(0, len(array), step):
        part = np.ascontiguousarray(array[first : first + step])
        yield pb.MatteRequest(
            rows=pb.PlaneRows(
                plane=plane, first_row=first, row_count=len(part), pixels=pixels(part.tobytes())
            )
        )


def tile(picture: np.ndarray, number: int, tile_size: int = TILE) -> pb.MatteRequest:
    """Return a tile of a picture."""
    x, y, width, height = Grid(picture.shape[1], picture.shape[0], tile_size).rect(number)
    part = np.ascontiguousarray(picture[y : y + height, x : x + width])
    return pb.MatteRequest(tile=pb.TilePixels(tile_id=number, pixels=pixels(part.tobytes())))


def update(**fields: Any) -> pb.MatteRequest:
    """Return an `update`."""
    return pb.MatteRequest(update=pb.UpdateRequest(**fields))


def reduce(picture: np.ndarray) -> np.ndarray:
    """Return the proxy of a picture; the filter does not matter here."""
    height, width = picture.shape[:2]
    across, down = proxy_size(width, height)
    if (across, down) == (width, height):
        return picture
    lines = np.arange(down) * height // down
    return np.ascontiguousarray(picture[lines][:, np.arange(across) * width // across])
