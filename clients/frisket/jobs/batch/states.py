"""What the journal says of one result: plain values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from frisket.client.errors import ClientError


class JournalError(ClientError):
    """The journal cannot be used; the text says why and what to do."""


class JournalBusy(JournalError):
    """Another run works with the journal."""


class RowChanged(JournalError):
    """A row is not what it was when somebody read it."""


class State(str, enum.Enum):
    """How far a result is.

    WAITING is to be done (perhaps again, at `Row.next_try`), RUNNING is being cut, WRITTEN lies
    whole beside its place, DONE has its name. FAILED was given up with a reason, EMPTY has no
    subject. SUPERSEDED was overtaken by a row for a changed source or recipe.
    """

    WAITING = "waiting"
    RUNNING = "running"
    WRITTEN = "written"
    DONE = "done"
    FAILED = "failed"
    EMPTY = "empty"
    SUPERSEDED = "superseded"


APPROVED, REJECTED = "approved", "rejected"
"""What a person may say of a result that is done."""


@dataclass(frozen=True)
class Stamp:
    """What a file's system says of it: enough to tell that it is the same as before.

    Attributes:
        size: in bytes.
        mtime_ns: when it was changed.
        inode: which file it is; 0 where the system has no such number.
    """

    size: int
    mtime_ns: int
    inode: int = 0


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of a file.

    Raises:
        OSError: there is no such file, or it cannot be reached.
    """
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True)
class Verdict:
    """What the server thought of a result, and what a person said.

    Attributes:
        score: 0 to 1.
        needs_review: whether the server asks for a person's eye.
        reasons: why, a sentence each.
        decision: "", "approved" or "rejected", by a person.
    """

    score: float = 0.0
    needs_review: bool = False
    reasons: tuple[str, ...] = ()
    decision: str = ""

    @property
    def asks(self) -> bool:
        """Whether a person has yet to look."""
        return self.needs_review and not self.decision


@dataclass(frozen=True)
class Row:
    """One result: of one input's content, by one recipe, to one output.

    Attributes:
        id: its number in the journal.
        source: the input; paths are absolute.
        stamp: the input's, when it was planned or claimed.
        content: what identifies the input's bytes; empty until it was claimed.
        recipe: what identifies everything that shapes the result.
        output: the result's place.
        kind: of result, as in `frisket.jobs.deliver.DELIVERIES`; empty until it is known.
        attempts: how often it was begun and failed.
        next_try: seconds since the epoch before which it is not tried again.
        reason: why it failed, or why it is done again; one sentence or nothing.
        part: where it lies until it has its name; None where it does not.
        seconds, megapixels: what it took and how large its layers are.
        model, device: what computed it.
        verdict: the server's opinion and a person's.
        redo: options that a person changed for this result alone, by their names.
        owned: whether a file of the output's name is the batch's own, which may be replaced.
        written: the stamp of what was written last; None where nothing was.
        changed: when this row was changed last, in seconds since the epoch.
    """

    id: int
    source: Path
    stamp: Stamp
    content: str
    recipe: str
    output: Path
    state: State
    kind: str = ""
    attempts: int = 0
    next_try: float = 0.0
    reason: str = ""
    part: Path | None = None
    seconds: float = 0.0
    megapixels: float = 0.0
    model: str = ""
    device: str = ""
    verdict: Verdict = field(default_factory=Verdict)
    redo: tuple[tuple[str, str], ...] = ()
    owned: bool = False
    written: Stamp | None = None
    changed: float = 0.0


@dataclass(frozen=True)
class Counts:
    """How many results of a journal are in which state; `review` and `rejected` are done ones."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    empty: int = 0
    review: int = 0
    rejected: int = 0
