"""After a local server was killed its announcement stays: who took its port gets nothing.

An impostor that speaks gRPC, and a listener that says nothing, each with the mark of the dead
process in the announcement and without it, as a client in a sandbox sees it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from command import frisket
from PIL import Image
from serving import noisy_disc
from trials.kit import posix, say

import frisket as api
from frisket.protocol.local_state import LocalServer, read_states, write_state

pytestmark = posix


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FRISKET_TOKEN", raising=False)
    yield tmp_path / "home"
    for server in read_states():
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, 9)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(noisy_disc(640, 480)).save(path)
    return path


def kill_server() -> LocalServer:
    """Kill the local server as a crash would, and return what it leaves behind."""
    (server,) = read_states()
    os.kill(server.pid, 9)
    while server.running or is_taken(server.target):
        time.sleep(0.02)
    assert read_states() == [server]
    return server


def is_taken(target: str) -> bool:
    """Tell whether the system is still closing a dead process's socket."""
    host, _, port = target.rpartition(":")
    try:
        socket.create_server((host, int(port))).close()
    except OSError:
        return True
    return False


class Spy(grpc.GenericRpcHandler):  # type: ignore[misc,unused-ignore]
    """Takes every call and keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any], int]] = []

    def service(self, details: Any) -> Any:
        def take(requests: Iterator[bytes], context: Any) -> None:
            size = sum(map(len, requests))
            self.heard.append((details.method, dict(details.invocation_metadata), size))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "thank you")

        return grpc.stream_stream_rpc_method_handler(take)

    def assert_nothing_told(self, token: str) -> None:
        """Only a number of 9 bytes came, and never the token."""
        assert token not in str(self.heard)
        assert all(size <= 9 for _, _, size in self.heard), self.heard


@contextlib.contextmanager
def impostor(target: str) -> Iterator[Spy]:
    spy = Spy()
    server = grpc.server(ThreadPoolExecutor(4), [spy], options=[("grpc.so_reuseport", 0)])
    assert server.add_insecure_port(target)
    server.start()
    try:
        yield spy
    finally:
        server.stop(None).wait(10)


@contextlib.contextmanager
def mute(target: str) -> Iterator[None]:
    host, _, port = target.rpartition(":")
    with socket.create_server((host, int(port))):
        yield


def forget_mark(server: LocalServer) -> None:
    """Leave an announcement whose process cannot be seen."""
    write_state(LocalServer(**{**vars(server), "started": ""}))


def keep_mark(server: LocalServer) -> None:
    """Leave an announcement as the server wrote it."""


def cut(picture: Path, out: Path) -> float:
    begun = time.monotonic()
    done = frisket("cut", picture, "-o", out, "--no-progress", "--overwrite")
    assert done.returncode == 0 and out.exists(), done.stderr
    return time.monotonic() - begun


@pytest.mark.parametrize("change", [keep_mark, forget_mark])
def test_who_took_the_port_gets_neither_token_nor_pixels(
    home: Path, picture: Path, tmp_path: Path, change: Callable[[LocalServer], None]
) -> None:
    cold = cut(picture, tmp_path / "out.png")
    server = kill_server()
    change(server)
    with impostor(server.target) as spy:
        beside_impostor = cut(picture, tmp_path / "out.png")
    spy.assert_nothing_told(server.token)
    assert json.dumps(server.token) not in str([s.token for s in read_states()])
    say("stale_state", change=change.__name__, asked=len(spy.heard), cuts=beside_impostor / cold)
    assert beside_impostor < 6 * cold


def test_a_silent_listener_holds_nobody_up(home: Path, picture: Path, tmp_path: Path) -> None:
    cold = cut(picture, tmp_path / "out.png")
    server = kill_server()
    with mute(server.target):
        took = cut(picture, tmp_path / "out.png")
    say("stale_state", silent_cuts=took / cold)
    assert took < 6 * cold


def test_a_program_that_keeps_its_connection_is_not_misled(home: Path) -> None:
    """The server leaves between two calls of one program, and somebody takes its port."""
    first = api.matte(noisy_disc(320, 240))
    server = kill_server()
    with impostor(server.target) as spy:
        second = api.matte(noisy_disc(320, 240))
    spy.assert_nothing_told(server.token)
    assert (first == second).all()
