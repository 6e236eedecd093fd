"""The journal's rows as values: how paths, stamps and verdicts are stored."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

from frisket.jobs.batch.states import Row, Stamp, State, Verdict


def read_number(cursor: sqlite3.Cursor) -> int:
    """Return the number of the row that a statement added."""
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def encode_path(told: str) -> str | bytes:
    """Return a path as SQLite takes it: bytes where it is not text in any encoding."""
    try:
        told.encode()
    except UnicodeEncodeError:
        return os.fsencode(told)
    return told


def encode_text(told: str) -> str:
    """Return a sentence as SQLite takes it: names in it may be no text in any encoding."""
    return told.encode("utf-8", "replace").decode()


def read_row(row: sqlite3.Row, root: Path) -> Row:
    """Return a row; paths are seen from `root` where they are stored so."""
    same = ("id", "content", "recipe", "kind", "attempts", "next_try", "reason", "seconds")
    verdict = Verdict(
        row["score"], bool(row["needs_review"]), tuple(json.loads(row["reasons"])), row["decision"]
    )
    return Row(
        source=_load(row["source"], root),
        stamp=Stamp(row["size"], row["mtime_ns"], row["inode"]),
        output=_load(row["output"], root),
        state=State(row["state"]),
        part=None if row["part"] is None else _load(row["part"], root),
        verdict=verdict,
        redo=tuple(json.loads(row["redo"]).items()),
        owned=bool(row["owned"]),
        written=read_part(row),
        **{name: row[name] for name in (*same, "megapixels", "model", "device", "changed")},
    )


def _load(stored: str | bytes, root: Path) -> Path:
    return root / os.fsdecode(stored)


def read_part(row: sqlite3.Row) -> Stamp | None:
    """Return the stamp of what was written for a row; None where nothing was."""
    if row["part_size"] is None:
        return None
    return Stamp(row["part_size"], row["part_mtime_ns"], row["part_inode"])
