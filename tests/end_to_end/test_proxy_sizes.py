"""A real server takes the proxy of a layer of any size that it takes at all."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from lengths import pick
from serving import Server

from frisket.protocol.grid import Grid, proxy_size
from frisket.protocol.limits import MAX_LAYER_PIXELS, MAX_SIDE_PX, MAX_TILES, PROTOCOL_VERSION
from frisket.v1 import matting_pb2 as pb

SIDES = st.integers(1, MAX_SIDE_PX)
TILE_PX = 1024


@settings(
    max_examples=pick(20, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(width=SIDES, height=SIDES)
@example(width=3000, height=2000)
@example(width=6000, height=4000)
@example(width=MAX_SIDE_PX, height=1)
def test_every_proxy_is_taken(server: Server, width: int, height: int) -> None:
    """Half of all sizes were refused while one side rounded up and the other to nearest."""
    assume(width * height <= MAX_LAYER_PIXELS)
    assume(Grid(width, height, TILE_PX).count <= MAX_TILES)
    across, down = proxy_size(width, height)
    transport = server.connect()
    call = transport.matte()
    call.send(
        pb.MatteRequest(
            open=pb.OpenRequest(
                protocol_version=PROTOCOL_VERSION,
                width=width,
                height=height,
                tile_format="PIXEL_FORMAT_GRAY8",
                tile_size=TILE_PX,
                proxy_width=across,
                proxy_height=down,
                proxy_format="PIXEL_FORMAT_RGB8",
                options=pb.MatteOptions(model="fake"),
            )
        )
    )
    answer = call.receive()
    call.cancel()
    transport.close()
    assert answer is not None and answer.WhichOneof("phase") == "opened"
