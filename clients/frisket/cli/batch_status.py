"""Tells how far a batch is, from its journal; its run may be at work meanwhile."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from frisket.cli.exits import Exit
from frisket.cli.parser import UsageError
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.lookups import find_journal
from frisket.jobs.batch.place import read_place
from frisket.jobs.batch.states import Row, State


def tell_status(arguments: argparse.Namespace) -> Exit:
    """Print counts, what failed and why, and what should be looked at.

    Raises:
        UsageError: no batch is named.
        JournalError: there is no journal, or it cannot be read.
    """
    with Journal.open(_find(arguments)) as journal:
        counts = dataclasses.asdict(journal.counts())
        failed = list(journal.rows([State.FAILED, State.EMPTY]))
        asking = [row for row in journal.rows([State.DONE]) if row.verdict.asks]
    if arguments.json:
        told = {"failures": [_as_dict(row) for row in failed]}
        print(json.dumps({**counts, **told, "to_review": [_as_dict(row) for row in asking]}))
    else:
        print("\n".join(_lines(counts, failed, asking)))
    return Exit.OK


def _find(arguments: argparse.Namespace) -> Path:
    named = arguments.output or next(iter(arguments.input), "")
    if arguments.journal:
        return Path(arguments.journal)
    if not named:
        raise UsageError("batch: name the folder of the batch: frisket batch --status OUT.")
    return find_folder(named)


def find_folder(named: str) -> Path:
    """Return the folder of the journal that a folder of results, archive or template means."""
    place = Path(named)
    there = place.is_dir() or place.suffix == ".sqlite"
    return find_journal(place) if there else read_place(named).journal


# What is said of a count beside those that are done, and of a row that was given up.
_COUNTED = {
    "running": "being made",
    "waiting": "to be made",
    "failed": "failed",
    "empty": "without a subject",
    "review": "to look at",
    "rejected": "rejected",
}
_GIVEN_UP = {State.FAILED: "failed", State.EMPTY: "no subject"}


def _lines(counts: dict[str, int], failed: list[Row], asking: list[Row]) -> Iterator[str]:
    total = sum(counts[name] for name in ("waiting", "running", "done", "failed", "empty"))
    others = [f"{counts[name]} {words}" for name, words in _COUNTED.items() if counts[name]]
    yield ", ".join([f"{counts['done']} of {total} done", *others])
    for row in failed:
        shown = _shorten(row.source)
        about = "" if row.source.name in row.reason else f"{shown}: "
        yield f"{_GIVEN_UP[row.state]:<10}  {about}{row.reason}"
    for row in asking:
        yield f"{'to look at':<10}  {_shorten(row.output)}: {' '.join(row.verdict.reasons)}"


def _shorten(path: Path) -> Path:
    """Return a path as seen from the working folder, where it lies in it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _as_dict(row: Row) -> dict[str, Any]:
    return {
        "input": str(_shorten(row.source)),
        "output": str(_shorten(row.output)),
        "state": row.state.value,
        "reason": row.reason,
        "attempts": row.attempts,
        "score": row.verdict.score,
        "reasons": list(row.verdict.reasons),
    }
