"""The journal of a batch: one row per input content × recipe × output, in SQLite.

    with Journal.open(folder, make=True) as journal:
        row = journal.enter(source, stamp, recipe, output)
        journal.claim(row.id, stamp, content, part)
        journal.mark_written(row.id, stamp_of(part), findings)
        journal.mark_done(row.id)

A result is claimed, written beside its place and synced, marked as written, renamed, marked as
done. `recover` brings what a killed run left behind to one side or the other.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frisket.about import VERSION
from frisket.jobs.batch.lock import FileLock
from frisket.jobs.batch.lookups import FILE, LIVE, Lookups
from frisket.jobs.batch.rows import encode_text, read_number
from frisket.jobs.batch.schema import PATIENCE_S, connect, explain_failure
from frisket.jobs.batch.states import (
    JournalBusy,
    JournalError,
    Row,
    RowChanged,
    Stamp,
    State,
    Verdict,
)

_LOCK = "lock"
_TICK_S = 1e-5  # so that no two changes of a row bear the same time


@dataclass(frozen=True)
class Findings:
    """What is known of a result once it is written; see `Row`."""

    kind: str
    seconds: float
    megapixels: float
    model: str
    device: str
    verdict: Verdict = field(default_factory=Verdict)


class Journal(Lookups):
    """An open journal; any thread may use it. See `open`."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        super().__init__(folder, database)
        self._held = FileLock(folder / _LOCK)

    @classmethod
    def open(cls, folder: Path, *, make: bool = False, patience_s: float = PATIENCE_S) -> Journal:
        """Open the journal of a folder, for looking and for a person's decisions.

        Args:
            folder: where it lies; see `find_journal`.
            make: whether folder and journal are made where there are none.
            patience_s: how long to wait for somebody who writes to it.

        Raises:
            JournalError: there is none, or it cannot be used; says why and what to do.
        """
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            return cls(folder, connect(folder / FILE, make, patience_s))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise JournalError(f"The journal cannot be kept in {folder} ({reason}).") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it and let another run have it; doing so again does nothing."""
        with self._lock:
            self._database.close()
        self._held.give_back()

    def hold(self) -> None:
        """Keep it for this run alone; others may look and decide, not run.

        Raises:
            JournalBusy: another run has it.
            JournalError: it cannot be locked.
        """
        try:
            held = self._held.take()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise JournalError(f"The journal in {self.folder} cannot be locked ({reason}).") from (
                error
            )
        if not held:
            raise JournalBusy(
                f"Another run works with the journal in {self.folder}; wait for it, or name "
                "another one with --journal FOLDER."
            )

    # What a run writes.

    def begin_run(self, words: Sequence[str], recipes: Mapping[str, str]) -> int:
        """Note that a run begins: its command line, and its recipes by identity."""
        self.note_recipes(recipes)
        with self._change() as database:
            told = json.dumps([str(word) for word in words])
            return read_number(
                database.execute(
                    "INSERT INTO run (begun, version, words) VALUES (?, ?, ?)",
                    (time.time(), VERSION, told),
                )
            )

    def note_recipes(self, recipes: Mapping[str, str]) -> None:
        """Note what identities of recipes stand for."""
        with self._change() as database:
            database.executemany("INSERT OR IGNORE INTO recipe VALUES (?, ?)", recipes.items())

    def end_run(self, run: int) -> None:
        """Note that a run ended in good order."""
        self._execute("UPDATE run SET ended = ? WHERE id = ?", time.time(), run)

    def enter(self, source: Path, stamp: Stamp, recipe: str, output: Path, reason: str = "") -> Row:
        """Add a result that waits, in place of the row that its output may have."""
        with self._change() as database:
            old = self.find(output)
            self._supersede(database, output)
            number = read_number(
                database.execute(
                    "INSERT INTO job (source, size, mtime_ns, inode, recipe, output, reason, "
                    "owned, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(self._store(source), stamp.size, stamp.mtime_ns, stamp.inode, recipe),
                        *(self._store(output), encode_text(reason)),
                        *(old is not None and old.owned, time.time()),
                    ),
                )
            )
            return self.get(number)

    def _supersede(self, database: sqlite3.Connection, output: Path) -> None:
        database.execute(
            f"UPDATE job SET state = 'superseded', changed = ? WHERE output = ? AND {LIVE}",
            (time.time(), self._store(output)),
        )

    def restamp(self, row: int, stamp: Stamp) -> None:
        """Note that an input was touched and has its old content."""
        self._execute(
            "UPDATE job SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?",
            *(stamp.size, stamp.mtime_ns, stamp.inode, row),
        )

    def claim(self, row: int, stamp: Stamp, content: str, part: Path) -> None:
        """Note that a result is being made, from these bytes, under this temporary name."""
        self._execute(
            "UPDATE job SET state = 'running', size = ?, mtime_ns = ?, inode = ?, content = ?, "
            "part = ?, changed = ? WHERE id = ?",
            *(
                stamp.size,
                stamp.mtime_ns,
                stamp.inode,
                content,
                self._store(part),
                time.time(),
                row,
            ),
        )

    def mark_written(self, row: int, stamp: Stamp, found: Findings) -> None:
        """Note that a result lies beside its place, whole and synced, and what is known of it."""
        verdict = found.verdict
        self._execute(
            "UPDATE job SET state = 'written', part_size = ?, part_mtime_ns = ?, part_inode = ?, "
            "kind = ?, seconds = ?, megapixels = ?, model = ?, device = ?, score = ?, "
            "needs_review = ?, reasons = ?, decision = '', owned = 1, changed = ? WHERE id = ?",
            *(stamp.size, stamp.mtime_ns, stamp.inode),
            *(found.kind, found.seconds, found.megapixels, found.model, found.device),
            *(verdict.score, verdict.needs_review, json.dumps(verdict.reasons)),
            *(time.time(), row),
        )

    def mark_done(self, row: int) -> None:
        """Note that a result has its name."""
        self._execute(
            "UPDATE job SET state = 'done', part = NULL, reason = '', changed = ? WHERE id = ?",
            *(time.time(), row),
        )

    def mark_failed(self, row: int, state: State, reason: str) -> None:
        """Note that a result is given up: FAILED, or EMPTY where there is no subject."""
        self._end(row, state, reason, 0.0, failed=True)

    def put_off(self, row: int, reason: str, next_try: float) -> None:
        """Note that a result failed and is tried again, not before a time of the epoch."""
        self._end(row, State.WAITING, reason, next_try, failed=True)

    def withdraw(self, row: int) -> None:
        """Note that a result that was planned is wanted no more: its input changed or went.

        A row whose output the batch owns stays, and waits.
        """
        self._execute(
            "UPDATE job SET state = CASE WHEN owned THEN 'waiting' ELSE 'superseded' END, "
            "content = '', part = NULL, changed = ? WHERE id = ?",
            *(time.time(), row),
        )

    def relocate(self, rows: Iterable[int], source: Path) -> None:
        """Note that the input of results lies elsewhere now."""
        with self._change() as database:
            values = [(self._store(source), row) for row in rows]
            database.executemany("UPDATE job SET source = ? WHERE id = ?", values)

    def release(self, row: int) -> None:
        """Note that a claimed result waits again, through no fault of its own."""
        self._end(row, State.WAITING, "", 0.0, failed=False)

    def _end(self, row: int, state: State, reason: str, next_try: float, failed: bool) -> None:
        self._execute(
            "UPDATE job SET state = ?, reason = ?, next_try = ?, attempts = attempts + ?, "
            "part = NULL, changed = ? WHERE id = ?",
            *(state.value, encode_text(reason), next_try, int(failed), time.time(), row),
        )

    # What a person asks for and says; a run may be at work meanwhile.

    def ask_again(
        self, rows: Iterable[int], reason: str, redo: Mapping[str, str] | None = None
    ) -> None:
        """Let results be made again by the next run.

        Args:
            rows: their numbers.
            reason: why.
            redo: options for these results alone, named and written as on the command line.
        """
        told = json.dumps(dict(redo or {}), sort_keys=True)
        with self._change() as database:
            database.executemany(
                "UPDATE job SET state = 'waiting', attempts = 0, next_try = 0, decision = '', "
                "reason = ?, redo = ?, changed = ? WHERE id = ? "
                "AND state IN ('waiting', 'done', 'failed', 'empty')",
                [(encode_text(reason), told, time.time(), row) for row in rows],
            )

    def amend(self, row: Row) -> Row:
        """Store what a person decided about a row, and return it as it is then.

        Stored are its state, decision, reason, attempts, next try and redo.

        Args:
            row: as it was read, with some of these changed.

        Raises:
            RowChanged: it is not what it was any more, or is being made just now.
        """
        told = json.dumps(dict(row.redo), sort_keys=True)
        now = max(time.time(), row.changed + _TICK_S)
        with self._change() as database:
            done = database.execute(
                "UPDATE job SET state = ?, decision = ?, reason = ?, attempts = ?, next_try = ?, "
                "redo = ?, changed = ? WHERE id = ? AND changed = ? "
                "AND state IN ('waiting', 'done', 'failed', 'empty')",
                (
                    *(row.state.value, row.verdict.decision, encode_text(row.reason), row.attempts),
                    *(row.next_try, told, now, row.id, row.changed),
                ),
            )
            if not done.rowcount:
                raise RowChanged(f"{row.output.name} was made again meanwhile; look once more.")
        return self.get(row.id)

    # Small pictures for the review page.

    def keep_thumbnail(self, row: int, pixels: int, name: str, data: bytes) -> None:
        """Keep an encoded picture of a result, `pixels` at its longer side at most."""
        values = (row, pixels, name, data)
        self._execute("INSERT OR REPLACE INTO small.thumbnail VALUES (?, ?, ?, ?)", *values)

    def drop_thumbnails(self, row: int) -> None:
        """Forget the small pictures of a result, because it was made again."""
        self._execute("DELETE FROM small.thumbnail WHERE job = ?", row)

    def _execute(self, statement: str, *values: Any) -> None:
        with self._lock, explain_failure(self._file):
            self._database.execute(statement, values)

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all of the block happens, or nothing."""
        with self._lock, explain_failure(self._file):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
