"""A client in a process of its own that begins a layer and waits to be killed; see `chaos`."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from frisket.client.errors import ClientError
from frisket.client.options import Options
from frisket.client.session import Session
from frisket.client.transport import Call, Connect
from frisket.loadtest.people import TILE_PX
from frisket.loadtest.scene import make_scene

_BEGUN = "begun"


def begin(call: Call, megapixels: float) -> None:
    """Send all that a layer begins with.

    Raises:
        TransportError: the stream has ended.
    """
    scene = make_scene(megapixels, 0)
    session = Session(scene.spec(), Options(), scene.read_proxy(), tile_size=TILE_PX)
    for request in session.open():
        call.send(request)


@contextmanager
def run_victim(connect: Connect, megapixels: float) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client that has begun a layer, or could not; it is killed after the block.

    Args:
        connect: reaches the server; it is pickled.
        megapixels: of the layer.

    Raises:
        OSError: no process can be started, or it ended at once.
    """
    command = (sys.executable, "-m", "frisket.loadtest.victim")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        try:
            process.stdin.write(pickle.dumps((connect, megapixels)))
            process.stdin.flush()
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def main() -> int:
    """Begin the layer that is named on standard input, and read what comes of it for ever."""
    connect, megapixels = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        call = connect().matte()
        begin(call, megapixels)
        print(_BEGUN, flush=True)
        while call.receive() is not None:
            continue
    except ClientError:
        return 1
    return 0


def _end_with_parent() -> None:
    """Leave when whoever would have killed this process is gone."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
