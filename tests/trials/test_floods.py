"""Floods by strangers and by people with the token: clicks go on, and everything comes back."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import h2.exceptions
import pytest
from certificates import make_certificate
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lengths import pick
from serving import noisy_disc
from trials.kit import Peak, Trial, chance, connect, percentile, posix, read_status, say
from trials.peer import Peer
from waiting import wait_until

from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc
from frisket.v1 import models_pb2, models_pb2_grpc

pytestmark = posix

PICTURE = noisy_disc(640, 480)
CLICKS = pick(4, 12)
CANCEL = 8  # RFC 9113, section 7

Flood = Callable[[Trial, threading.Event, random.Random], int]


def drop_calls(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Open calls without the token and drop them at once."""
    count = 0
    while not stop.is_set():
        with contextlib.suppress(OSError, h2.exceptions.H2Error):
            peer = Peer(trial.target, token="none")
            for _ in range(50):
                for _ in range(dice.randint(50, 150)):
                    number = peer.h2.get_next_available_stream_id()
                    peer.h2.send_headers(number, peer.headers)
                    peer.h2.reset_stream(number, CANCEL)
                    count += 1
                peer.flush()
            peer.close()
    return count


def watch_health(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Watch the health of services that do not exist, without the token."""
    kept, count = [connect(trial.target) for _ in range(4)], 0
    watches = []
    for channel in kept:
        stub = health_pb2_grpc.HealthStub(channel)
        for _ in range(pick(200, 750)):
            name = "no-such-" + "x" * 2000 + str(count)
            watches.append(stub.Watch(health_pb2.HealthCheckRequest(service=name)))
            count += 1
    stop.wait()
    for channel in kept:
        channel.close()
    return count


def send_large_calls(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Send 5 MiB with every call, without the token."""
    body, count = pb.MatteImageRequest(image=bytes(5 << 20)), 0
    with connect(trial.target) as channel:
        while not stop.is_set():
            with contextlib.suppress(grpc.RpcError):
                rpc.MattingServiceStub(channel).MatteImage(body, timeout=5)
            count += 1
    return count


def send_garbage(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Send what is no HTTP/2."""
    host, _, port = trial.target.rpartition(":")
    count = 0
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5) as peer:
            peer.sendall(dice.randbytes(2000))
            count += 1
        time.sleep(0.002)
    return count


def connect_and_wait(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Take connections and say nothing."""
    host, _, port = trial.target.rpartition(":")
    kept: list[socket.socket] = []
    with contextlib.suppress(OSError):
        kept += [socket.create_connection((host, int(port)), 5) for _ in range(300)]
    stop.wait()
    for each in kept:
        each.close()
    return len(kept)


def open_and_leave(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Open streams with the token and half-close each without a word."""
    with connect(trial.target) as channel:
        stub = rpc.MattingServiceStub(channel)
        calls = [stub.Matte(iter(()), metadata=trial.metadata) for _ in range(pick(500, 3000))]
        stop.wait()
    return len(calls)


def list_models(trial: Trial, stop: threading.Event, dice: random.Random) -> int:
    """Ask for the list of models again and again, with the token."""
    count = 0
    with connect(trial.target) as channel:
        stub = models_pb2_grpc.ModelServiceStub(channel)
        while not stop.is_set():
            with contextlib.suppress(grpc.RpcError):
                stub.ListModels(models_pb2.ListModelsRequest(), metadata=trial.metadata)
            count += 1
    return count


FLOODS = [
    drop_calls,
    watch_health,
    send_large_calls,
    send_garbage,
    connect_and_wait,
    open_and_leave,
    list_models,
]


@contextlib.contextmanager
def flooded(trial: Trial, flood: Flood) -> Iterator[list[int]]:
    """Flood a server while the block runs; the list says afterwards how often."""
    stop, counts = threading.Event(), list[int]()
    dice = chance(flood.__name__)
    work = threading.Thread(target=lambda: counts.append(flood(trial, stop, dice)))
    work.start()
    try:
        time.sleep(1)
        yield counts
    finally:
        stop.set()
        work.join(60)


@pytest.mark.parametrize("flood", FLOODS)
def test_clicks_go_on(flood: Flood, tmp_path: Path) -> None:
    with Trial(tmp_path) as trial:
        trial.click(PICTURE)
        idle = percentile([trial.click(PICTURE) for _ in range(4)], 50)
        before = trial.figures()
        with Peak(trial) as peak, flooded(trial, flood) as counts:
            beside = [trial.click(PICTURE) for _ in range(CLICKS)]
        after = trial.settle(
            lambda now: (
                now.descriptors <= before.descriptors + 2 and now.memory < before.memory + 60
            )
        )
        say(
            f"flood {flood.__name__}",
            count=counts[0],
            worst_click=max(beside) / idle,
            peak_mib=peak.memory - before.memory,
            after_mib=after.memory - before.memory,
            descriptors=f"{before.descriptors}->{after.descriptors}",
        )
        assert max(beside) < 8 * idle
        assert after.descriptors <= before.descriptors + 5
        assert after.memory < 1.3 * before.memory + 30
        assert not trial.tracebacks(), trial.text()


def list_once(trial: Trial, channel: grpc.Channel) -> None:
    """Make a call with the token by a connection."""
    stub = models_pb2_grpc.ModelServiceStub(channel)
    stub.ListModels(models_pb2.ListModelsRequest(), timeout=20, metadata=trial.metadata)


def test_the_last_connection_is_taken_and_one_more_is_not(tmp_path: Path) -> None:
    with Trial(tmp_path, "--max-connections", "3") as trial, contextlib.ExitStack() as stack:
        for _ in range(3):
            list_once(trial, stack.enter_context(trial.channel()))
        other = stack.enter_context(trial.channel())
        with pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(other).result(3)


def stand_at_the_door(trial: Trial) -> socket.socket:
    """Connect and say nothing."""
    host, _, port = trial.target.rpartition(":")
    return socket.create_connection((host, int(port)), 20)


def has_ended(end: socket.socket) -> bool:
    """Tell whether the server has closed a connection; what it said before is passed over."""
    end.setblocking(False)
    try:
        while end.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("asked", ["nothing", "health", "a wrong token", "TLS"])
def test_a_stranger_has_a_connection_for_a_short_time(asked: str, tmp_path: Path) -> None:
    options = list[str]()
    if asked == "TLS":  # whose handshake never ends
        key, certificate = make_certificate(tmp_path, "localhost")
        options = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    with (
        Trial(tmp_path, *options, limits={"stranger_s": 1.0}) as trial,
        contextlib.ExitStack() as stack,
    ):
        if asked in ("nothing", "TLS"):
            end = stack.enter_context(stand_at_the_door(trial))
            wait_until(lambda: has_ended(end), "the stranger's connection is closed")
            return
        known, strange = (stack.enter_context(trial.channel()) for _ in range(2))
        list_once(trial, known)
        watch = health_pb2_grpc.HealthStub(known).Watch(health_pb2.HealthCheckRequest())
        assert next(iter(watch)).status
        with pytest.raises(grpc.RpcError) as caught:
            ask_as_a_stranger(strange, asked)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert watch.is_active(), "whoever is known stays"


def ask_as_a_stranger(channel: grpc.Channel, asked: str) -> None:
    """Ask by one connection until it ends."""
    request = health_pb2.HealthCheckRequest()
    for _ in health_pb2_grpc.HealthStub(channel).Watch(request, timeout=60):
        if asked == "a wrong token":
            stub = models_pb2_grpc.ModelServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.ListModels(
                    models_pb2.ListModelsRequest(), metadata=[("authorization", "Bearer none")]
                )
            assert read_status(caught.value) == "UNAUTHENTICATED/BAD_TOKEN"


def test_one_address_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    with (
        Trial(tmp_path, "--max-connections-per-address", "4") as trial,
        contextlib.ExitStack() as stack,
    ):
        known = stack.enter_context(trial.channel())
        list_once(trial, known)
        ends = [stack.enter_context(stand_at_the_door(trial)) for _ in range(4)]
        wait_until(lambda: sum(map(has_ended, ends)) == 1, "one of the four is closed")
        list_once(trial, known)
        list_once(trial, stack.enter_context(trial.channel()))


def test_strangers_that_take_every_connection_keep_nobody_out(tmp_path: Path) -> None:
    with (
        Trial(tmp_path, "--max-connections", "40") as trial,
        contextlib.ExitStack() as stack,
    ):
        known = stack.enter_context(trial.channel())
        list_once(trial, known)
        ends = [stack.enter_context(stand_at_the_door(trial)) for _ in range(40)]
        wait_until(lambda: sum(map(has_ended, ends)) >= 20, "half of all connections are free")
        for _ in range(5):
            list_once(trial, stack.enter_context(trial.channel()))
        list_once(trial, known)


def test_calls_beyond_those_of_a_connection_wait(tmp_path: Path) -> None:
    request = health_pb2.HealthCheckRequest()
    with (
        Trial(tmp_path, limits={"calls_per_connection": 2}) as trial,
        trial.channel() as channel,
        trial.channel() as other,
    ):
        stub = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(request) for _ in range(2)]
        assert all(next(iter(watch)).status for watch in watches)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(request, timeout=1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert health_pb2_grpc.HealthStub(other).Check(request, timeout=20).status
        watches[0].cancel()
        assert stub.Check(request, timeout=20).status


def test_so_many_calls_a_minute_and_no_more(tmp_path: Path) -> None:
    with Trial(tmp_path, "--max-calls", "5") as trial, trial.channel() as channel:
        stub = models_pb2_grpc.ModelServiceStub(channel)
        request = models_pb2.ListModelsRequest()
        for _ in range(5):
            stub.ListModels(request, metadata=trial.metadata)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListModels(request, metadata=trial.metadata)
        assert read_status(caught.value) == "RESOURCE_EXHAUSTED/BUSY"
        assert dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
