"""Ways to run a graph on a processor, and which of them was fastest where it was measured."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Generic, Protocol, TypeVar

Session = TypeVar("Session")


@dataclass(frozen=True)
class Plan:
    """A way to run a graph.

    Attributes:
        name: as it stands in the record.
        level: how far ONNX Runtime rewrites the graph.
        graphs: its runs on a GPU are captured as CUDA graphs.
    """

    name: str
    level: str
    graphs: bool = False


BLOCKED = Plan("blocked", "ORT_ENABLE_ALL")
"""Channels in blocks as wide as the processor's registers: fast, with copies between layouts."""
PLAIN = Plan("plain", "ORT_ENABLE_EXTENDED")
"""Channels as they are: a fifth less memory."""
CAPTURED = Plan("captured", "ORT_ENABLE_ALL", graphs=True)
"""On a GPU: its work is handed over once and then told to begin again. Never measured."""
PLANS = {plan.name: plan for plan in (BLOCKED, PLAIN)}

WORTH = 0.9
"""A plan that takes more memory must take no more than this share of the other's time."""
ROUNDS = (2, 8)
"""How often each plan is run at least, and at most while its times disagree: what is chosen while
others use the machine is kept as well."""
AGREE = 1.1
"""Times agree where the second least is at most so many times the least."""
PATIENCE_S = 4.0
"""No further round is begun after so many seconds of runs."""
MAX_RUN_S = 3.0
"""A graph that takes longer is not run again to compare: its user waits for the answer."""


@dataclass(frozen=True)
class Candidate(Generic[Session]):
    """A plan with the graph opened for it."""

    plan: Plan
    session: Session


def choose(
    open_session: Callable[[Plan], Session], time_run: Callable[[Session], float]
) -> tuple[Candidate[Session], dict[str, float]]:
    """Open a graph by every plan, run each in turn, and keep the best.

    Args:
        open_session: opens the graph by a plan.
        time_run: runs it once and returns the seconds.

    Returns:
        The best, and the least seconds of each plan that was tried.
    """
    first = Candidate(BLOCKED, open_session(BLOCKED))
    slow = time_run(first.session)
    if slow > MAX_RUN_S:
        return first, {BLOCKED.name: slow}
    other = Candidate(PLAIN, open_session(PLAIN))
    time_run(other.session)
    seconds = _time_in_turn((first, other), time_run)
    worth = seconds[BLOCKED.name] <= WORTH * seconds[PLAIN.name]
    return (first if worth else other), seconds


def _time_in_turn(
    candidates: Sequence[Candidate[Session]], time_run: Callable[[Session], float]
) -> dict[str, float]:
    """Return the least seconds of each plan."""
    taken: dict[str, list[float]] = {one.plan.name: [] for one in candidates}
    least, most = ROUNDS
    for number in range(1, most + 1):
        for one in candidates:
            taken[one.plan.name].append(time_run(one.session))
        spent = sum(map(sum, taken.values()))
        if number >= least and (spent > PATIENCE_S or all(map(_agree, taken.values()))):
            break
    return {name: min(times) for name, times in taken.items()}


def _agree(times: Iterable[float]) -> bool:
    first, second, *_ = sorted(times)
    return second <= AGREE * first


class Memory(Protocol):
    """What knows how graphs ran best."""

    def find(self, key: str) -> Plan | None:
        """Return the plan that was best for a key, if it was measured."""

    def keep(self, key: str, name: str, plan: Plan, seconds: Mapping[str, float]) -> None:
        """Remember what was measured of a graph."""


def make_key(source: Path | bytes, runtime_version: str, threads: int | None) -> str:
    """Return what a measurement holds for: a graph, the runtime and this processor.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, bytes):
        digest = hashlib.sha256(source).hexdigest()
    else:
        facts = source.stat()
        digest = _digest(source, (facts.st_size, facts.st_mtime_ns, facts.st_ino))
    return f"{digest[:32]} {runtime_version} {name_processor()} {threads or 0}"


@lru_cache(maxsize=256)
def _digest(source: Path, _facts: tuple[int, ...]) -> str:
    """Return a file's digest; read again only when it is another file, or has changed.

    A model that leaves and comes again would else be read once more for this, a third of the
    time that its opening takes.
    """
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


@cache
def name_processor() -> str:
    """Return a short name of this processor with its cores, the same after each start."""
    told = [platform.machine(), platform.processor(), str(os.cpu_count())]
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = ("model name", "flags", "Features")
        told += [next((line for line in lines if line.startswith(one)), "") for one in wanted]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
