"""What a session is estimated at follows what it can make the server hold."""

from __future__ import annotations

import pytest

from frisket.server.costs import count_tiles, estimate_session
from frisket.server.limits import Limits
from frisket.server.requests import Opening, read_opening
from frisket.v1 import matting_pb2 as pb

MIB = 1 << 20


def open_layer(side: int, tile: int, quality: pb.Quality = pb.QUALITY_STANDARD) -> Opening:
    proxy = min(side, 2048)
    message = pb.OpenRequest(
        protocol_version=1,
        width=side,
        height=side,
        tile_format=pb.PIXEL_FORMAT_RGB8,
        tile_size=tile,
        proxy_width=proxy,
        proxy_height=proxy,
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        options=pb.MatteOptions(quality=quality),
    )
    return read_opening(pb.MatteRequest(open=message))


@pytest.mark.parametrize(
    ("tile", "limits", "count"),
    [
        (16, Limits(), 24),
        (512, Limits(), 24),
        (512, Limits(tile_bytes_in_flight=3 * MIB), 4),
        (800, Limits(tile_bytes_in_flight=MIB), 2),
        (512, Limits(tiles_in_flight=1), 1),
    ],
)
def test_tiles_in_flight_are_bounded_by_number_and_bytes(
    tile: int, limits: Limits, count: int
) -> None:
    assert count_tiles(open_layer(1000, tile), limits) == count


def test_the_grid_of_a_large_layer_counts() -> None:
    """Of four million tiles something is kept for each, whatever the proxy's size."""
    large, small = open_layer(32_000, 16), open_layer(2048, 16)
    more = estimate_session(large, Limits()) - estimate_session(small, Limits())
    assert 80 * MIB < more < 120 * MIB
    best = open_layer(32_000, 16, pb.QUALITY_BEST)
    assert estimate_session(best, Limits()) > 1000 * MIB
