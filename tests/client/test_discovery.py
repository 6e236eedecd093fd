"""The local server is found, started once, and a failure to start it says why."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from processes import is_gone, wait_until_gone

from frisket.client import discovery
from frisket.client.errors import NoServer
from frisket.client.h2_transport import H2Transport
from frisket.client.proof import Opener, Standing, examine
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.protocol.local_state import LocalServer, state_file, write_state
from frisket.protocol.process import mark_process
from frisket.protocol.proof import make_proof
from frisket.v1 import local_pb2 as pb
from frisket.v1.local_pb2_grpc import (
    LocalServiceServicer,
    add_LocalServiceServicer_to_server,
)

# Announces itself and proves itself, as `frisket.server --local` does; each start leaves a line.
STARTED = """
import asyncio, os, pathlib, sys
import grpc
from frisket.protocol.local_state import describe_self, write_state
from frisket.server.local import LocalService
from frisket.v1.local_pb2_grpc import add_LocalServiceServicer_to_server

async def serve():
    device = sys.argv[sys.argv.index("--device") + 1]
    with pathlib.Path(os.environ["FRISKET_HOME"], "starts").open("a") as log:
        print(device, file=log)
    server = grpc.aio.server()
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    add_LocalServiceServicer_to_server(LocalService("t", target), server)
    await server.start()
    write_state(describe_self(target, "t", os.environ.get("VERSION", "0"), device))
    await asyncio.sleep(60)

asyncio.run(serve())
"""

# What a test gives a server that hangs, of what others have.
BRIEF_S = 0.5

find = partial(discovery.find, H2Transport)
ensure = partial(discovery.ensure, H2Transport)


class Prover(LocalServiceServicer):
    """A server within the test, which answers for a token."""

    def __init__(self, token: str) -> None:
        self.token, self.target = token, ""
        self.heard: list[object] = []

    def Prove(self, request: pb.ProveRequest, context: Any) -> pb.ProveResponse:  # noqa: N802
        self.heard.append(dict(context.invocation_metadata()))
        return pb.ProveResponse(proof=make_proof(self.token, self.target, request.nonce))


@contextmanager
def listening(token: str = "t") -> Iterator[Prover]:
    prover = Prover(token)
    server = grpc.server(ThreadPoolExecutor(2))
    add_LocalServiceServicer_to_server(prover, server)
    prover.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield prover
    finally:
        server.stop(None).wait(10)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    others = set(psutil.Process().children())  # servers that other tests keep
    yield tmp_path
    for child in set(psutil.Process().children()) - others:
        with suppress(psutil.NoSuchProcess):  # ended and reaped meanwhile
            child.kill()
            child.wait(60)


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def starts(home: Path) -> list[str]:
    file = home / "starts"
    return file.read_text().split() if file.exists() else []


def test_nobody_is_found_where_nobody_is() -> None:
    assert find() is None


def test_only_a_server_that_is_there_is_found() -> None:
    with listening() as there:
        server = LocalServer(there.target, "t", os.getpid(), "0")
        write_state(server)
        assert find() == server
        assert find("cpu") is None
    assert find() is None


@pytest.mark.parametrize("connect", [H2Transport, GrpcTransport])
def test_who_does_not_know_the_token_never_hears_it(connect: Opener) -> None:
    """As after a crash, when somebody else took the port."""
    with listening("another token") as stranger:
        server = LocalServer(stranger.target, "s3cret-token", os.getpid(), "0")
        assert examine(server, connect) is Standing.GONE
        assert len(stranger.heard) == 1 and "s3cret" not in str(stranger.heard)
        stranger.token = server.token
        assert examine(server, connect) is Standing.PROVEN
        assert "s3cret" not in str(stranger.heard)


def test_the_answer_of_another_server_proves_nothing() -> None:
    """Whoever took the port may ask a server that knows the token."""
    with listening() as there, listening() as relay:
        relay.target = there.target
        assert examine(LocalServer(relay.target, "t", 1, "0"), H2Transport) is Standing.PROVEN
        port = LocalServer(f"localhost:{relay.target.rpartition(':')[2]}", "t", 1, "0")
        assert examine(port, H2Transport) is Standing.GONE


@pytest.mark.parametrize("connect", [H2Transport, GrpcTransport])
def test_a_listener_that_says_nothing_hangs(connect: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = LocalServer(f"127.0.0.1:{mute.getsockname()[1]}", "t", os.getpid(), "0")
        assert examine(server, connect, BRIEF_S) is Standing.HUNG


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no way to stop a process")
def test_a_hung_server_is_replaced(home: Path) -> None:
    first = ensure(program(STARTED))
    os.kill(first.pid, signal.SIGSTOP)
    assert find(answer_s=BRIEF_S) is None
    assert not is_gone(first.pid), "who only looks ends nobody"
    second = ensure(program(STARTED), answer_s=BRIEF_S)
    assert second.pid != first.pid and find() == second
    wait_until_gone(first.pid)
    assert starts(home) == ["auto", "auto"]


def test_a_hung_process_that_may_be_anybodys_is_left_alone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = f"127.0.0.1:{mute.getsockname()[1]}"
        write_state(LocalServer(target, "t", child.pid, "0"))
        assert ensure(program(STARTED), answer_s=BRIEF_S).target != target
    assert child.poll() is None


@pytest.mark.parametrize("target", ["nonsense", "127.0.0.1:port", "127.0.0.1:99999999", ""])
def test_an_announcement_without_an_address_is_nobody(target: str) -> None:
    write_state(LocalServer(target, "t", 1, "0"))
    assert find() is None


def test_a_server_of_another_protocol_is_passed_by(home: Path) -> None:
    with listening() as there:
        target = there.target
        write_state(LocalServer(target, "t", os.getpid(), "0", PROTOCOL_VERSION + 1))
        assert find() is None
        assert ensure(program(STARTED)).target != target


def test_one_is_started_and_then_found(home: Path) -> None:
    first = ensure(program(STARTED))
    assert ensure(program(STARTED)) == first
    other = ensure(program(STARTED), device="cpu")
    assert other.pid != first.pid
    assert starts(home) == ["auto", "cpu"]
    assert not list(state_file().parent.glob("*.starting"))


def test_many_at_once_start_one(home: Path) -> None:
    found: list[LocalServer] = []
    command = program(STARTED)
    threads = [threading.Thread(target=lambda: found.append(ensure(command))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 6 and len(set(found)) == 1
    assert starts(home) == ["auto"]


def test_a_claim_whose_owner_died_is_taken_over() -> None:
    lock = state_file().with_suffix(".starting")
    lock.parent.mkdir(parents=True)
    lock.touch()
    old = time.time() - discovery.START_TIMEOUT_S - 1
    os.utime(lock, (old, old))
    assert ensure(program(STARTED))


def test_a_claim_whose_owner_is_gone_holds_nobody_up() -> None:
    lock = state_file().with_suffix(".starting")
    lock.parent.mkdir(parents=True)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lock.write_text(f"{child.pid} {mark_process(child.pid)}")
    child.kill()
    child.wait(10)
    started = time.monotonic()
    assert ensure(program(STARTED))
    assert time.monotonic() - started < discovery.START_TIMEOUT_S - 5


def test_a_dead_process_is_nobody_though_somebody_listens() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with listening() as there:
        target = there.target
        server = LocalServer(target, "t", child.pid, "0", started=mark_process(child.pid))
        write_state(server)
        assert find() == server
        child.kill()
        child.wait(10)
        assert find() is None


def test_an_installation_finds_its_own_server_only() -> None:
    with listening() as there:
        target = there.target
        old, new = (LocalServer(target, "t", os.getpid(), v, environment="/e") for v in "12")
        other = LocalServer(target, "t", os.getpid(), "2", environment="/other")
        write_state(other)
        assert find(installation=new.installation) is None
        write_state(old)
        assert find(installation=new.installation) is None
        write_state(new)
        assert find(installation=new.installation) == new
        assert find(installation=other.installation) == other
        assert find() in (new, other), "who belongs to no installation takes any"


def test_who_has_no_mark_is_never_told_to_leave() -> None:
    """Its number may belong to anybody by now."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server = LocalServer("127.0.0.1:1", "t", child.pid, "0")
    assert not discovery.ask_to_leave(server)
    assert not discovery.end(server)
    assert child.poll() is None


def test_logs_of_two_servers_do_not_mix(home: Path) -> None:
    ensure(program("print('one', flush=True)\n" + STARTED))
    ensure(program("print('two', flush=True)\n" + STARTED), device="cpu")
    assert discovery.log_file().read_text() == "one\n"
    assert discovery.log_file("cpu").read_text() == "two\n"
    assert set(discovery.log_files()) == {discovery.log_file(), discovery.log_file("cpu")}


def test_a_failure_does_not_quote_an_older_log() -> None:
    with pytest.raises(NoServer, match="old trouble"):
        ensure(program("import sys; sys.exit('old trouble')"))
    with pytest.raises(NoServer, match="see "):
        ensure(program(""))


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(NoServer, match=r"'/no/such/frisket' cannot start one"):
        ensure(["/no/such/frisket"])


@pytest.mark.parametrize("noise", ["print('noise', flush=True)", "atexit.register(print, 'noise')"])
def test_the_last_word_of_a_server_that_could_not_start_is_told(noise: str) -> None:
    code = f"import atexit, sys; {noise}; sys.exit('frisket: The device is missing.')"
    with pytest.raises(NoServer, match=r"could not start: The device is missing\.$"):
        ensure(program(code))


def test_a_server_that_says_nothing_leaves_its_log_named() -> None:
    with pytest.raises(NoServer, match=r"see .*server\.log"):
        ensure(program(""))


def test_a_server_that_is_never_ready_is_ended() -> None:
    others = set(psutil.Process().children())
    with pytest.raises(NoServer, match="not ready within 1 s"):
        ensure(program("import time; time.sleep(60)"), timeout=1)
    for child in set(psutil.Process().children()) - others:
        wait_until_gone(child.pid)


def test_a_home_that_cannot_be_written_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "file"
    file.touch()
    monkeypatch.setenv("FRISKET_HOME", str(file))
    with pytest.raises(NoServer, match="cannot be written"):
        ensure(program(STARTED))
