"""What a batch tells while it runs: plain values, each one line of JSON."""

from __future__ import annotations

import dataclasses
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frisket.jobs.batch.journal import Findings

NO_ROOM = "The server is busy: it is asked again."


@dataclass(frozen=True)
class Event:
    """Base of every event; `time` is in seconds of the epoch."""

    time: float = field(default_factory=time.time, kw_only=True)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON, its name first."""
        name = re.sub(r"(?<!^)([A-Z])", r"_\1", type(self).__name__).lower()
        told = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        plain = {key: str(one) if isinstance(one, Path) else one for key, one in told.items()}
        return {"event": name, **plain}


@dataclass(frozen=True)
class JobStarted(Event):
    """The plan is made: `total` results, of which `finished` were done before."""

    journal: Path
    total: int
    finished: int


@dataclass(frozen=True)
class Progress(Event):
    """How far it is: `done` of `total` in this run; `seconds_left` is None while unknown."""

    done: int
    total: int
    failed: int
    review: int
    megapixels: float
    megapixels_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class Warning(Event):
    """Something to know about a file, or about the run where `input` is None."""

    input: Path | None
    text: str


@dataclass(frozen=True)
class Waiting(Event):
    """The server has no room for a file now; told again each time that it was asked."""

    input: Path
    text: str


@dataclass(frozen=True)
class ArtifactWritten(Event):
    """A result has its name."""

    input: Path
    output: Path
    kind: str
    seconds: float
    megapixels: float
    model: str
    device: str
    score: float
    needs_review: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Failed(Event):
    """A result failed; `again_in` is in how many seconds it is tried again, or None."""

    input: Path
    output: Path
    error: str
    attempt: int
    again_in: float | None


@dataclass(frozen=True)
class Completed(Event):
    """The run is over; `waiting` is more than 0 where it was stopped before its end."""

    written: int
    failed: int
    empty: int
    review: int
    waiting: int
    seconds: float
    megapixels: float


def tell_written(source: Path, output: Path, found: Findings) -> ArtifactWritten:
    """Return the event of a result of which this is known."""
    verdict = found.verdict
    return ArtifactWritten(
        input=source,
        output=output,
        kind=found.kind,
        seconds=found.seconds,
        megapixels=found.megapixels,
        model=found.model,
        device=found.device,
        score=verdict.score,
        needs_review=verdict.needs_review,
        reasons=verdict.reasons,
    )


def word_retry(error: str) -> str:
    """Return what is said of an error after which a result is tried again."""
    return f"{error.rstrip('.')}. It is tried again."
