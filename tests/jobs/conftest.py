"""A real server for the work around a session, and documents to work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server

from frisket.client.transport import Transport
from frisket.jobs.connection import Connection, ServerChoice


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It takes one stream at a time: work that leaves one open is found out."""
    running = start_server(tmp_path_factory.mktemp("home"), "--max-sessions", "1")
    yield running
    stop_server(running)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three PNGs of different sizes with one subject each."""
    paths = [tmp_path / f"in-{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(noisy_disc(500 + 100 * number, 400, number)).save(path)
    return paths


class Counting:
    """Opens real connections and tells how many are open."""

    def __init__(self, connect: Callable[[], Transport]) -> None:
        self._connect = connect
        self.opened = self.closed = 0

    def __call__(self) -> Transport:
        self.opened += 1
        inner, outer = self._connect(), self

        class Counted:
            matte, unary = inner.matte, inner.unary

            def close(self) -> None:
                outer.closed += 1
                inner.close()

        return Counted()


@pytest.fixture
def opener(server: Server) -> Counting:
    return Counting(server.connect)


@pytest.fixture
def connection(opener: Counting) -> Iterator[Connection]:
    with Connection(ServerChoice("127.0.0.1:1"), opener) as one:
        yield one
    assert opener.opened == opener.closed
