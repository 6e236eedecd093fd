"""The journal's rows as the page shows them: JSON, with plain words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frisket.jobs.batch.states import Counts, Row, Stamp, State, stamp_of

_GOOD, _REVIEW = "good", "review"


@dataclasses.dataclass(frozen=True)
class RedoOption:
    """An option that a person may change for one result, as the page offers it.

    Attributes:
        name: as on the command line, without dashes.
        help: what it does.
        choices: what there is; empty where any text may do.
        example: a value to show.
        is_switch: whether its value is "true" or "false".
    """

    name: str
    help: str
    choices: tuple[str, ...] = ()
    example: str = ""
    is_switch: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dataclasses.asdict(self)


def name_state(row: Row) -> str:
    """Return how a result stands to a person: its decision, or what may be done about it."""
    if row.state is State.DONE:
        return row.verdict.decision or (_REVIEW if row.verdict.needs_review else _GOOD)
    return State.RUNNING.value if row.state is State.WRITTEN else row.state.value


def describe_row(row: Row, pixels: int, root: Path) -> dict[str, Any]:
    """Return a row as the page shows it.

    Args:
        row: of the journal.
        pixels: the longer side of its largest thumbnail; 0 where it has none.
        root: the folder that results are seen from.
    """
    if row.state is State.SUPERSEDED:
        return {"id": row.id, "changed": row.changed, "state": row.state.value}
    return {
        "id": row.id,
        "changed": row.changed,
        "name": row.source.name,
        "folder": str(row.source.parent),
        "output": _shorten(row.output, root),
        "kind": row.kind,
        "state": name_state(row),
        "score": row.verdict.score,
        "flagged": row.verdict.needs_review,
        "reasons": list(row.verdict.reasons),
        "said": row.reason,
        "model": row.model,
        "seconds": row.seconds,
        "megapixels": row.megapixels,
        "redo": dict(row.redo),
        "pixels": pixels,
        # Pictures are kept by the browser for as long as the result is the same.
        "made": str(row.written.mtime_ns) if row.written else "",
    }


def _shorten(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def describe_run(counts: Counts, root: Path, options: tuple[RedoOption, ...]) -> dict[str, Any]:
    """Return what the page says of the whole run.

    Args:
        counts: of the journal.
        root: the folder of the results.
        options: what may be changed for one result.
    """
    offered = [one.as_dict() for one in options]
    return {"name": root.name, "folder": str(root), **describe_counts(counts), "options": offered}


def describe_counts(counts: Counts) -> Mapping[str, Any]:
    """Return the counts for JSON."""
    return {"counts": dataclasses.asdict(counts)}


def list_notices(row: Row) -> list[str]:
    """Return what a person should know of a row's files: what has gone, and what was changed."""
    notices = []
    match _compare(row.source, row.stamp):
        case None:
            notices.append(f"The original is not there any more: {row.source}")
        case False:
            notices.append("The original was changed since; the next run makes this result again.")
    if row.state is State.DONE and row.written is not None:
        match _compare(row.output, row.written):
            case None:
                again = "the next run makes it again"
                notices.append(f"The result is not there any more ({row.output}); {again}.")
            case False:
                notices.append("The result was changed by another program since it was written.")
    return notices


def _compare(path: Path, stamp: Stamp) -> bool | None:
    """Tell whether a file bears a stamp; None where there is no such file."""
    try:
        return stamp_of(path) == stamp
    except OSError:
        return None
