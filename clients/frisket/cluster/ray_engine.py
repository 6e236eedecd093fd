"""Makes a batch's results on the machines of a Ray cluster.

The journal stays here: a result is claimed, named and marked by this program, and what happens
to a machine costs one result, which is tried again elsewhere. Pixels do not travel: all machines
see the same folders.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any, TextIO, cast

import grpc

from frisket.cluster.actors import Actors
from frisket.cluster.errors import ClusterError, NodeLost, NoPlace, PackedError
from frisket.cluster.station import RemoteStation
from frisket.extras import advise_install
from frisket.jobs.many import TaskOutcome
from frisket.jobs.matting import Progress
from frisket.jobs.task import CutResult, Task

STORE_BYTES = 75 << 20
"""Of Ray's object store on this machine: it refuses less, and nothing large is put there."""
_ANSWER_S = 5.0
_THREADS = "ray_"  # what the names of Ray's threads begin with


class RayEngine:
    """A cluster that is there, or one of this machine alone for as long as the block lasts.

    Args:
        address: HOST:PORT of the cluster's head, or "auto" for the one that this machine belongs
            to; empty begins one here.
        processors: of each worker.
        graphics: devices of each worker: 0, 1, or a share of one.

    Raises:
        ClusterError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(self, address: str = "", processors: float = 1.0, graphics: float = 0.0) -> None:
        self._ray = _import_ray()
        self._wanted = {"num_cpus": processors, "num_gpus": graphics}
        self._address = address
        self._folder = Path.cwd()
        self._stack = ExitStack()

    def __enter__(self) -> RayEngine:
        _check_answer(self._address)
        self._stack.enter_context(redirect_stdout(cast(TextIO, _Hushed(sys.stdout))))
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        self._stack.callback(self._end)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _begin(self) -> None:
        own = {} if self._address else {"object_store_memory": STORE_BYTES}
        own |= {} if self._address else {"include_dashboard": False}
        try:
            self._ray.init(
                address=self._address or "local", log_to_driver=False, logging_level="ERROR", **own
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = self._address or "this machine"
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ClusterError(f"Ray cannot be used at {where}: {first}") from error
        # Spread: each machine has a server and a disk of its own.
        kind = self._ray.remote(RemoteStation)
        kind = kind.options(scheduling_strategy="SPREAD", **self._wanted)
        variables = _read_variables()
        self._actors = Actors(self._ray, lambda: kind.remote(self._folder, variables))

    def _end(self) -> None:
        self._actors.close()
        # It prints what it has held back, on this thread.
        with redirect_stdout(None):
            self._ray.shutdown()

    @property
    def places(self) -> int:
        """How many workers the cluster has room for, at least one."""
        found = self._ray.cluster_resources()
        kinds = (("CPU", "num_cpus"), ("GPU", "num_gpus"))
        wanted = [(found.get(name, 0.0), self._wanted[option]) for name, option in kinds]
        rooms = [there / each for there, each in wanted if each]
        return max(1, int(min(rooms, default=1.0)))

    def open(self) -> _Lease:
        """Return what one worker has its tasks done by: an actor on some machine."""
        return _Lease(self._ray, self._actors)


class _Hushed:
    """Standard output without what Ray prints there.

    Ray tells of lost machines on standard output, from a thread of its own, whatever it is
    told about logs; among lines of JSON that would be an error.

    Args:
        stream: where everything else goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, unless Ray does; return its length."""
        if threading.current_thread().name.startswith(_THREADS):
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has beside."""
        return getattr(self._stream, name)


class _Lease:
    """What one worker of a batch has its tasks done by: whichever actor is free."""

    def __init__(self, ray: Any, actors: Actors) -> None:
        self._ray, self._actors = ray, actors
        actors.ask()

    def cut(self, tasks: Sequence[Task], _: Progress, /) -> Iterator[TaskOutcome]:
        """Yield how each of several tasks ended; they travel as one message with names."""
        try:
            found = self._send(tasks)
        except (NoPlace, NodeLost) as error:
            yield from (TaskOutcome(task, error=error) for task in tasks)
            return
        for task, one in zip(tasks, found, strict=True):
            if isinstance(one, PackedError):
                yield TaskOutcome(task, error=one.unpack())
            else:
                yield TaskOutcome(task, result=one)

    def _send(self, tasks: Sequence[Task]) -> Sequence[CutResult | PackedError]:
        """Return what an actor says of tasks.

        Raises:
            NoPlace: there is none.
            NodeLost: it was lost meanwhile.
        """
        actor = self._actors.take()
        try:
            found: Sequence[CutResult | PackedError] = self._ray.get(actor.cut.remote(tasks))
        except self._ray.exceptions.RayError as error:
            self._actors.replace()
            raise _lose(tasks[0], error) from error
        self._actors.give_back(actor)
        return found

    def close(self) -> None:
        """Do nothing: the actors end with the engine."""


def _import_ray() -> Any:
    """Import Ray with its reports of use turned off, whatever the environment says.

    Raises:
        ClusterError: it is not installed.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise ClusterError(f"--engine ray needs Ray; {advise_install('ray')}.") from error
    return ray


def _check_answer(address: str) -> None:
    """Refuse an address where no Ray listens: Ray itself asks it for minutes.

    Raises:
        ClusterError: it is none, or nobody answers there.
    """
    if not address or address == "auto":
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ClusterError(f"'{address}' is no address of a Ray cluster: write HOST:PORT or auto.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
        _wait_for_greeting(f"{host}:{port}")
    except (OSError, OverflowError, UnicodeError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {address} ({getattr(error, 'strerror', None) or error}): "
            "start its head with 'ray start --head', or name another address."
        ) from error


def _wait_for_greeting(target: str) -> None:
    """Wait until somebody speaks gRPC, as the head of a cluster does.

    Raises:
        TimeoutError: whoever listens does not.
    """
    # With certificates only Ray knows how to ask.
    if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
        return
    with grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(_ANSWER_S)
        except grpc.FutureTimeoutError as error:
            raise TimeoutError(f"no word within {_ANSWER_S:.0f} seconds") from error


def _lose(task: Task, error: Exception) -> NodeLost:
    return NodeLost(f"The machine that worked on {task.source} was lost: {_first(error)}")


def _read_variables() -> dict[str, str]:
    """Return this program's variables of frisket's, but the home: each machine has its own."""
    names = [name for name in os.environ if name.startswith("FRISKET_")]
    return {name: os.environ[name] for name in names if name != "FRISKET_HOME"}


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
