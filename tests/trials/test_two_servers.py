"""Two servers of one list, one of them killed at any moment: every layer comes out the same."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
import tifffile
from lengths import pick
from serving import TOKEN, Server, start_server, stop_server
from trials.kit import chance, posix, say
from trials.pictures import draw

from frisket import cut
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.task import CutOptions

pytestmark = posix

LAYERS = pick(4, 50)


def find_port() -> int:
    """Return a port that is free now; a server is started there again and again."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class Pair:
    """Two servers on ports of their own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.ports = [find_port(), find_port()]
        self.servers = [self._start(port) for port in self.ports]

    def _start(self, port: int) -> Server:
        return start_server(
            self._home, "--listen", f"127.0.0.1:{port}", "--model", "embedded", "--drain", "0"
        )

    @property
    def list(self) -> str:
        """Both as one list."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def kill(self, which: int) -> None:
        """End a server without a word."""
        stop_server(self.servers[which])

    def start_again(self, which: int) -> None:
        """Start a server where it was before."""
        self.servers[which] = self._start(self.ports[which])

    def close(self) -> None:
        """End both."""
        for server in self.servers:
            stop_server(server)


def test_one_of_two_servers_is_killed_in_every_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", TOKEN)
    source = tmp_path / "in.tif"
    tifffile.imwrite(source, draw(pick(6, 12), 2), photometric="rgb", tile=(256, 256))
    pair, dice, resumed = Pair(tmp_path / "home"), chance("two servers"), 0
    options = CutOptions(kind="matte", quality="high", server=ServerChoice(pair.list))
    try:
        with Connection(options.server) as connection:
            started = time.perf_counter()
            cut(source, tmp_path / "whole.tif", options, connection=connection)
            whole_s = time.perf_counter() - started
            expected = (tmp_path / "whole.tif").read_bytes()
            for number in range(LAYERS):
                which, output = dice.randrange(2), tmp_path / f"{number}.tif"
                killer = threading.Timer(dice.uniform(0, whole_s), pair.kill, (which,))
                killer.start()
                cut(source, output, options, connection=connection)
                killer.join()
                assert output.read_bytes() == expected, f"layer {number}"
                output.unlink()
                pair.start_again(which)
                resumed += 1
        say("one of two servers killed", layers=LAYERS, same_bytes=resumed)
    finally:
        pair.close()
