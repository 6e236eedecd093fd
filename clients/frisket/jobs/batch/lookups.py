"""What anyone may read of a batch's journal, also while a run writes to it."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from frisket.jobs.batch.rows import encode_path, read_part, read_row
from frisket.jobs.batch.schema import explain_failure
from frisket.jobs.batch.states import Counts, Row, Stamp, State

FOLDER = ".frisket"
"""Name of the folder inside the output's that holds journal and lock."""
FILE = "journal.sqlite"
LIVE = "state <> 'superseded'"


def find_journal(place: Path) -> Path:
    """Return the folder of the journal that a folder of results, or the journal itself, means."""
    if place.name == FILE:
        return place.parent
    return place if (place / FILE).is_file() else place / FOLDER


class Lookups:
    """The readable half of `Journal`; any thread may use it."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        # Paths below it are stored as seen from it: results and journal may move together.
        self._root = Path(os.path.abspath(folder)).parent  # noqa: PTH100
        self._file = folder / FILE
        self._database = database
        self._lock = threading.RLock()

    def get(self, row: int) -> Row:
        """Return a row.

        Raises:
            KeyError: there is none of this number.
        """
        for found in self._select("id = ?", (row,)):
            return read_row(found, self._root)
        raise KeyError(row)

    def find(self, output: Path) -> Row | None:
        """Return the row that counts of an output, or None."""
        for found in self._select(f"output = ? AND {LIVE}", (self._store(output),)):
            return read_row(found, self._root)
        return None

    def rows_of(self, source: Path) -> list[Row]:
        """Return the rows that count of an input."""
        found = self._select(f"source = ? AND {LIVE}", (self._store(source),))
        return [read_row(one, self._root) for one in found]

    def rows(
        self, states: Sequence[State] = (), *, first: int = 0, limit: int = -1
    ) -> Iterator[Row]:
        """Yield rows in the order they were planned; of all states but SUPERSEDED by default.

        Args:
            states: which ones.
            first: how many are skipped.
            limit: how many at most; below 0 for all.
        """
        where = f"state IN ({','.join('?' * len(states))})" if states else LIVE
        found = self._select(
            f"{where} ORDER BY id LIMIT ? OFFSET ?", (*(one.value for one in states), limit, first)
        )
        return (read_row(one, self._root) for one in found)

    def changed_since(
        self, moment: float, row: int = sys.maxsize, limit: int = -1
    ) -> Iterator[Row]:
        """Yield rows of all states by the time of their last change, the oldest first.

        Args:
            moment: of the epoch; what was changed later is told,
            row: and what was changed then and has a greater number.
            limit: how many at most; below 0 for all.
        """
        where = "(changed, id) > (?, ?) ORDER BY changed, id LIMIT ?"
        found = self._select(where, (moment, row, limit))
        return (read_row(one, self._root) for one in found)

    def counts(self) -> Counts:
        """Return how many results are in which state."""
        with self._lock, explain_failure(self._file):
            by_state = dict(self._database.execute("SELECT state, count(*) FROM job GROUP BY 1"))
            [[review, rejected]] = self._database.execute(
                "SELECT coalesce(sum(needs_review AND decision = ''), 0), "
                "coalesce(sum(decision = 'rejected'), 0) FROM job WHERE state = 'done'"
            )
        running = by_state.get("running", 0) + by_state.get("written", 0)
        plain = {name: by_state.get(name, 0) for name in ("waiting", "done", "failed", "empty")}
        return Counts(running=running, review=review, rejected=rejected, **plain)

    def describe_recipe(self, recipe: str) -> str:
        """Return as JSON the options that an identity stands for; "{}" where it is unknown."""
        with self._lock, explain_failure(self._file):
            query = "SELECT described FROM recipe WHERE id = ?"
            found = self._database.execute(query, (recipe,)).fetchone()
        return str(found[0]) if found else "{}"

    def unfinished(self) -> list[tuple[Row, Stamp | None]]:
        """Return what a killed run left RUNNING or WRITTEN, with the stamp of what it wrote."""
        found = self._select("state IN ('running', 'written')", ())
        return [(read_row(one, self._root), read_part(one)) for one in found]

    def thumbnail(self, row: int, pixels: int, name: str) -> bytes | None:
        """Return an encoded picture, or None."""
        with self._lock, explain_failure(self._file):
            found = self._database.execute(
                "SELECT data FROM small.thumbnail WHERE job = ? AND pixels = ? AND name = ?",
                (row, pixels, name),
            ).fetchone()
        return bytes(found[0]) if found else None

    def thumbnail_sizes(self) -> dict[int, int]:
        """Return the `pixels` of the largest thumbnail of every row that has some."""
        with self._lock, explain_failure(self._file):
            query = "SELECT job, max(pixels) FROM small.thumbnail GROUP BY job"
            return dict(self._database.execute(query).fetchall())

    def _store(self, path: Path) -> str | bytes:
        """Return a path for the database, seen from the folder around the journal's."""
        whole = Path(os.path.abspath(path))  # noqa: PTH100
        inside = whole.is_relative_to(self._root)
        return encode_path(str(whole.relative_to(self._root) if inside else whole))

    def _select(self, where: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._lock, explain_failure(self._file):
            cursor = self._database.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(f"SELECT * FROM job WHERE {where}", values).fetchall()
