"""The journal's tables, and opening the file that holds them.

SQLite in WAL mode: whoever only looks (status, review page) never waits for the run, and a
process that is killed leaves a file that opens again.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from frisket.jobs.batch.states import JournalError

VERSION = 1
_APPLICATION = 0x66726A6C  # "frjl": tells a journal from any other SQLite file
PATIENCE_S = 30.0
"""How long a run waits for somebody who writes to the journal."""

# `output` is unique among rows that count, so that no two ever write one file. Paths are text,
# or bytes where no encoding fits them.
_TABLES = """
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    source NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    content TEXT NOT NULL DEFAULT '',
    recipe TEXT NOT NULL,
    output NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    part,
    part_size INTEGER, part_mtime_ns INTEGER, part_inode INTEGER,
    seconds REAL NOT NULL DEFAULT 0, megapixels REAL NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '', device TEXT NOT NULL DEFAULT '',
    score REAL NOT NULL DEFAULT 0,
    needs_review INTEGER NOT NULL DEFAULT 0,
    reasons TEXT NOT NULL DEFAULT '[]',
    decision TEXT NOT NULL DEFAULT '',
    redo TEXT NOT NULL DEFAULT '{}',
    owned INTEGER NOT NULL DEFAULT 0,
    changed REAL NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX job_output ON job (output) WHERE state <> 'superseded';
CREATE INDEX job_state ON job (state);
CREATE TABLE recipe (id TEXT PRIMARY KEY, described TEXT NOT NULL);
CREATE TABLE run (
    id INTEGER PRIMARY KEY, begun REAL NOT NULL, ended REAL, version TEXT NOT NULL,
    words TEXT NOT NULL
);
"""
# They are large and can be made again, so they have a file of their own.
_THUMBNAILS = "thumbnails.sqlite"
_SMALL_TABLE = """
CREATE TABLE IF NOT EXISTS small.thumbnail (
    job INTEGER NOT NULL, pixels INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (job, pixels, name)
)
"""


def connect(path: Path, make: bool, patience_s: float) -> sqlite3.Connection:
    """Return an open journal of this version.

    Args:
        path: the file.
        make: whether it is made where there is none.
        patience_s: how long to wait for somebody who writes to it.

    Raises:
        JournalError: there is none, it is damaged, of a newer version or no journal, or it
            cannot be written.
    """
    if not make and not path.is_file():
        raise JournalError(f"There is no journal {path}; name the folder of a batch.")
    with explain_failure(path):
        database = sqlite3.connect(
            path, timeout=patience_s, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    [[version]] = database.execute("PRAGMA user_version")
    [[application]] = database.execute("PRAGMA application_id")
    [[tables]] = database.execute("SELECT count(*) FROM sqlite_master")
    if not tables:
        _make(database)
    elif application != _APPLICATION:
        raise JournalError(f"{path} is not a journal of frisket; name another folder for it.")
    elif version != VERSION:
        raise JournalError(
            f"The journal {path} was written by a newer frisket; use that one, or begin a new "
            "journal with --journal FOLDER."
        )
    [[verdict]] = database.execute("PRAGMA quick_check(1)")
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    # A result is synced before it is marked: what the power takes from the journal is done again.
    database.execute("PRAGMA synchronous = NORMAL")
    _attach(database, path.with_name(_THUMBNAILS))


def _attach(database: sqlite3.Connection, path: Path) -> None:
    """Open the file of thumbnails as `small`; one that is damaged makes room for another."""
    try:
        _open_small(database, path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        with contextlib.suppress(sqlite3.OperationalError):  # it may not be attached at all
            database.execute("DETACH small")
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()
        _open_small(database, path)
    database.execute("PRAGMA small.journal_mode = WAL")
    database.execute("PRAGMA small.synchronous = OFF")


def _open_small(database: sqlite3.Connection, path: Path) -> None:
    database.execute("ATTACH ? AS small", (str(path),))
    database.execute(_SMALL_TABLE)


def _make(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(
        f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION}; "
        f"PRAGMA user_version = {VERSION}; COMMIT;"
    )


@contextlib.contextmanager
def explain_failure(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a sentence.

    Raises:
        JournalError: SQLite failed in the block.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalError(_word(path, error)) from error


def _word(path: Path, error: sqlite3.DatabaseError) -> str:
    said = " ".join(str(error).split())
    if "full" in said:
        return (
            f"The journal {path} cannot be written: the disk is full; make room and run the "
            "same command again, which goes on where this one stopped."
        )
    if isinstance(error, sqlite3.OperationalError):
        return (
            f"The journal {path} cannot be used ({said}); when its folder can be written again, "
            "run the same command, which goes on where this one stopped."
        )
    return (
        f"The journal {path} is damaged ({said}); move it away and run the same command again: "
        "results that are there already are then refused without --overwrite."
    )
