"""What every trial needs: a server in a process of its own, streams by hand, and figures.

A trial shows a property of a whole server under load, attack or loss. `make trials` runs each at
its whole length and prints its figures; without the variable the same trial runs as a short,
seeded sample in CI. Only ratios and counts are asserted, never seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
from lengths import SEED, WHOLE
from serving import TOKEN, Server, start_server
from trials.messages import MIB, TILE, opening, reduce, rows, tile

from frisket.protocol.reasons import REASON_TRAILER
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc

BEARER = (("authorization", f"Bearer {TOKEN}"),)

posix = pytest.mark.skipif(os.name != "posix", reason="sends signals and counts descriptors")
whole_only = pytest.mark.skipif(not WHOLE, reason="takes minutes: make trials")

_LIMITED = Path(__file__).with_name("limited.py")


def chance(name: str) -> random.Random:
    """Return the random source of one trial; FRISKET_TRIAL_SEED chooses another."""
    return random.Random(f"{SEED} {name}")


def say(trial: str, **figures: object) -> None:
    """Print what a trial measured, in one line."""
    told = ", ".join(f"{name} {_round(value)}" for name, value in figures.items())
    print(f"{trial}: {told}", flush=True)


def _round(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


# ------------------------------------------------------------------ the server


def kill_server(home: Path) -> None:
    """Kill the local server of a home, if there is one."""
    for state in home.glob("run/server*.json"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)


@dataclass(frozen=True)
class Figures:
    """What a server's process holds, with its children: memory in MiB."""

    memory: float
    threads: int
    descriptors: int
    children: int


class Trial:
    """A server under trial, and its log; use it in a `with`.

    Args:
        home: its FRISKET_HOME; the log lies there too.
        options: of `frisket serve`.
        environment: variables beside those of the test.
        token: that it wants; empty for none.
        limits: of `frisket.server.limits.Limits`, those without an option too.
        no_room: no file of its own takes a byte, as on a full disk; it cannot even log.
    """

    def __init__(
        self,
        home: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        token: str = TOKEN,
        limits: dict[str, float] | None = None,
        no_room: bool = False,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / f"trial-{time.monotonic_ns()}.log"
        self.server: Server = start_server(
            home,
            *options,
            token=token,
            log=self.log,
            environment={
                "FRISKET_TRIAL_LIMITS": json.dumps(limits),
                "FRISKET_TRIAL_NO_ROOM": "1" if no_room else "",
                **(environment or {}),
            },
            program=(str(_LIMITED),) if limits or no_room else ("-m", "frisket.server"),
        )
        self.target = self.server.address.target
        if "--local" in options:  # whose token is made up, and announced
            [announced] = (home / "run").glob("server*.json")
            token = json.loads(announced.read_text())["token"]
        self.metadata = BEARER if token == TOKEN else (("authorization", f"Bearer {token}"),)
        self._process = psutil.Process(self.server.process.pid)

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self.server.process.wait(10)

    @property
    def pid(self) -> int:
        """The server's own process."""
        return self.server.process.pid

    def processes(self) -> list[psutil.Process]:
        """Return the server's process and its children."""
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def figures(self) -> Figures:
        """Return what the server holds now."""
        memory, threads, descriptors = 0.0, 0, 0
        together = self.processes()
        for each in together:
            with contextlib.suppress(psutil.NoSuchProcess):
                memory += each.memory_info().rss / MIB
                threads += each.num_threads()
                descriptors += each.num_fds()
        return Figures(memory, threads, descriptors, max(0, len(together) - 1))

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        self.server.process.send_signal(number)

    def wait(self, limit_s: float) -> int | None:
        """Return the exit status; None when the process is still there after the time."""
        try:
            return self.server.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None

    def text(self) -> str:
        """Return the log."""
        return self.log.read_text(errors="replace")

    def tracebacks(self) -> int:
        """Return how many tracebacks stand in the log."""
        return self.text().count("Traceback (most recent call last)")

    def channel(self) -> grpc.Channel:
        """Return a connection of its own."""
        return connect(self.target)

    def stream(self, channel: grpc.Channel, limit_s: float | None = 120) -> Stream:
        """Open a `Matte` stream with the server's token."""
        return Stream(channel, limit_s, self.metadata)

    def matte(self, channel: grpc.Channel, picture: np.ndarray, **asked: Any) -> Result:
        """Run one whole session; see `matte`."""
        return matte(self.stream(channel, asked.pop("limit_s", 300)), picture, **asked)

    def click(self, picture: np.ndarray, **asked: Any) -> float:
        """Return the seconds to the first mask, on a connection of its own."""
        with self.channel() as channel:
            return self.matte(channel, picture, until="coarse", **asked).coarse_s

    def capabilities(self) -> pb.GetCapabilitiesResponse:
        """Ask what the server says of itself."""
        with self.channel() as channel:
            stub = rpc.MattingServiceStub(channel)
            request = pb.GetCapabilitiesRequest()
            return stub.GetCapabilities(request, timeout=20, metadata=self.metadata)

    def settle(self, quiet: Callable[[Figures], bool], limit_s: float = 20) -> Figures:
        """Wait until nothing is open and the figures are as wanted; return the last ones."""
        end = time.monotonic() + limit_s
        while True:
            found = self.figures()
            if (not self.capabilities().sessions and quiet(found)) or time.monotonic() > end:
                return found
            time.sleep(0.2)


class Peak:
    """The greatest memory of a server and its children while the block runs, in MiB."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self.memory = trial, 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def _run(self) -> None:
        while not self._over.wait(0.02):
            self.memory = max(self.memory, self._trial.figures().memory)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()


def connect(target: str) -> grpc.Channel:
    """Return a connection that is shared with no other channel."""
    return grpc.insecure_channel(
        target,
        options=[
            ("grpc.max_receive_message_length", 64 * MIB),
            ("grpc.max_send_message_length", 64 * MIB),
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )


# -------------------------------------------------------------------- streams


class Stream:
    """A `Matte` stream that is written and read by hand."""

    def __init__(
        self,
        channel: grpc.Channel,
        limit_s: float | None = 120,
        metadata: tuple[tuple[str, str], ...] = BEARER,
    ) -> None:
        self._outbox: queue.SimpleQueue[pb.MatteRequest | None] = queue.SimpleQueue()
        requests = iter(self._outbox.get, None)
        stub = rpc.MattingServiceStub(channel)
        self._call = stub.Matte(requests, timeout=limit_s, metadata=metadata)

    def send(self, *requests: pb.MatteRequest) -> None:
        """Queue requests."""
        for request in requests:
            self._outbox.put(request)

    def close(self) -> None:
        """Half-close."""
        self._outbox.put(None)

    def cancel(self) -> None:
        """Drop the stream."""
        self._outbox.put(None)
        self._call.cancel()

    def __iter__(self) -> Iterator[pb.MatteResponse]:
        return iter(self._call)

    def until(self, *phases: str) -> pb.MatteResponse | None:
        """Return the next response of one of these phases; None at the clean end."""
        return next((one for one in self if one.WhichOneof("phase") in phases), None)


@dataclass
class Result:
    """What came of one session.

    Attributes:
        coarse_s: seconds to the whole first mask.
        total_s: seconds to the end.
        tile_s: seconds from a tile's pixels to its alpha.
        alpha: the bytes of every tile.
        finished: the message that ended it.
    """

    coarse_s: float = 0.0
    total_s: float = 0.0
    tile_s: list[float] = field(default_factory=list)
    alpha: dict[int, bytes] = field(default_factory=dict)
    finished: pb.FinishedResponse | None = None

    @property
    def digest(self) -> str:
        """A fingerprint of every tile's alpha."""
        digest = hashlib.sha256()
        for number in sorted(self.alpha):
            digest.update(number.to_bytes(4, "big") + self.alpha[number])
        return digest.hexdigest()


def matte(
    stream: Stream,
    picture: np.ndarray,
    *,
    proxy: np.ndarray | None = None,
    tile_size: int = TILE,
    until: str = "finished",
    pause_s: float = 0.0,
    **options: Any,
) -> Result:
    """Run one whole session on a fresh stream.

    Args:
        stream: not used before.
        picture: (h, w, 3) uint8.
        proxy: the picture reduced; None makes one.
        tile_size: edge of a tile in pixels.
        until: "coarse", "need" or "finished": then the stream is dropped or half-closed.
        pause_s: sleep before each response is used.
        options: of `opening`.

    Raises:
        grpc.RpcError: the server ended the stream.
    """
    small = reduce(picture) if proxy is None else proxy
    size = (picture.shape[1], picture.shape[0])
    result, sent, started = Result(), dict[int, float](), time.perf_counter()
    stream.send(opening(size, small, tile_size, **options), *rows(pb.PLANE_PROXY, small))
    for response in stream:
        time.sleep(pause_s)
        _absorb(result, response, sent, started)
        if _ends(stream, response, until, len(small)):
            break
        for number in (*response.need.tile_ids, *response.need.context_ids):
            sent[number] = time.perf_counter()
            stream.send(tile(picture, number, tile_size))
    result.total_s = time.perf_counter() - started
    return result


def _ends(stream: Stream, response: pb.MatteResponse, until: str, height: int) -> bool:
    """End the stream where this is all that is wanted of it."""
    phase = response.WhichOneof("phase")
    if phase == "finished":
        stream.close()
        return True
    last = response.coarse.first_row + response.coarse.row_count == height
    if phase != until or (phase == "coarse" and not last):
        return False
    stream.cancel()
    return True


def _absorb(
    result: Result, response: pb.MatteResponse, sent: dict[int, float], started: float
) -> None:
    phase = response.WhichOneof("phase")
    if phase == "coarse":
        result.coarse_s = time.perf_counter() - started
    elif phase == "solid":
        for runs, value in ((response.solid.transparent, b"\0"), (response.solid.opaque, b"\xff")):
            for run in runs:
                result.alpha.update(dict.fromkeys(range(run.first, run.first + run.count), value))
    elif phase == "alpha":
        number = response.alpha.tile_id
        result.tile_s.append(time.perf_counter() - sent[number])
        result.alpha[number] = response.alpha.pixels.data
    elif phase == "finished":
        result.finished = response.finished


def read_status(error: grpc.RpcError) -> str:
    """Return a call's end as CODE/REASON."""
    assert isinstance(error, grpc.Call)
    trailers = dict(error.trailing_metadata() or ())
    return f"{error.code().name}/{trailers.get(REASON_TRAILER, '-')}"


def percentile(values: list[float], share: float) -> float:
    """Return a percentile, 0..100."""
    return float(np.percentile(np.asarray(values), share))
