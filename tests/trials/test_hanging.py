"""A server that hangs in the middle of a session is given up by both transports."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from serving import noisy_disc
from trials.kit import Trial, posix, say

from frisket.client.address import Address
from frisket.client.drive import Driver
from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.client.transport import Transport
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

pytestmark = posix

PICTURE = noisy_disc(640, 480)
# A ping after ten seconds, ten for its answer; ten for a new connection, three to find out why.
LIMIT_S = 45


class Source:
    """Gives tiles, and does something at the third."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act, self.count = act, 0

    def read_tile(self, rect: TileRect) -> bytes:
        self.count += 1
        if self.count == 3:
            self.act()
        part = PICTURE[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        return np.ascontiguousarray(part).tobytes()


def run(connect: Callable[[], Transport], act: Callable[[], None] = lambda: None) -> None:
    layer = LayerSpec(640, 480, PixelFormat.RGB8, 640, 480, PixelFormat.RGB8)
    session = Session(layer, Options(), PICTURE.tobytes(), tile_size=64)
    Driver(session, connect, Source(act), lambda event: None).run()


@pytest.mark.parametrize("transport", [GrpcTransport, H2Transport])
def test_a_hung_server_is_given_up(
    transport: Callable[[Address], Transport], tmp_path: Path
) -> None:
    with Trial(tmp_path) as trial:

        def connect() -> Transport:
            return transport(trial.server.address)

        run(connect)
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            run(connect, lambda: os.kill(trial.pid, signal.SIGSTOP))
        took = time.monotonic() - started
        say(f"hanging {transport.__name__}", given_up_after_s=took, why=str(caught.value))
        with contextlib.suppress(ProcessLookupError):
            os.kill(trial.pid, signal.SIGCONT)
        assert took < LIMIT_S
