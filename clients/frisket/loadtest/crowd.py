"""Processes for those who make a load, so that they wait for the server and not for one another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from typing import Protocol

from frisket.loadtest.record import Record, Until

_SPAWN = multiprocessing.get_context("spawn")
_MOST_PROCESSES = 16
_START_S = 120.0
_LOWEST = 19
SETTLE_S = 20.0
"""What clients and a server have to come to their end."""


class Member(Protocol):
    """Somebody who loads a server."""

    def work(self) -> None:
        """Load it until the end."""


Make = Callable[[Record, Until], Member]


@dataclass(frozen=True)
class Group:
    """Members of one process; each is made there, and has a thread.

    Attributes:
        makes: make the members; they are pickled.
        yields: the process runs only while nobody else wants the processor, as if it were on
            another machine.
    """

    makes: tuple[Make, ...]
    yields: bool = False


def deal(makes: Sequence[Make], yields: bool = False) -> list[Group]:
    """Return groups of members: one each, or so many that there are no more than 16 groups."""
    count = min(len(makes), _MOST_PROCESSES)
    return [Group(tuple(makes[number::count]), yields) for number in range(count)]


def run_groups(groups: Sequence[Group], seconds: float, record: Record) -> float:
    """Let all groups work at once; return the seconds that it took.

    What they noted goes into `record`; a process that ends early is a failure there.
    """
    gate = _SPAWN.Barrier(len(groups) + 1)
    with _start(groups, seconds, gate) as pipes:
        try:
            gate.wait(_START_S)
        except threading.BrokenBarrierError:
            record.fail("load", RuntimeError("not every process of it started"))
            return 0.0
        started = time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - started
        for pipe in pipes:
            _collect(pipe, record)
    return took


@contextlib.contextmanager
def _start(groups: Sequence[Group], seconds: float, gate: Barrier) -> Iterator[list[Connection]]:
    """Start a process for each group; end those that are left at last."""
    pipes, processes = [], list[SpawnProcess]()
    try:
        for group in groups:
            ours, theirs = _SPAWN.Pipe(duplex=False)
            process = _SPAWN.Process(target=_work, args=(group, seconds, gate, theirs))
            process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        yield pipes
    finally:
        for process in processes:
            process.kill()
            process.join()


def _collect(pipe: Connection, record: Record) -> None:
    try:
        if pipe.poll(SETTLE_S):
            record.join(pipe.recv())
        else:
            record.fail("load", TimeoutError("a process of it did not come to its end"))
    except EOFError:
        record.fail("load", RuntimeError("a process of it ended early"))


def _work(group: Group, seconds: float, gate: Barrier, results: Connection) -> None:
    """Run a group in this process, and send what it noted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    if group.yields and hasattr(os, "nice"):
        os.nice(_LOWEST)
    record, until = Record(), Until(seconds)
    members = [make(record, until) for make in group.makes]
    gate.wait(_START_S)
    until.begin()
    threads = [threading.Thread(target=member.work, daemon=True) for member in members]
    for thread in threads:
        thread.start()
    until.pause(seconds)
    for thread in threads:
        thread.join(SETTLE_S / 2)
    results.send(record)
