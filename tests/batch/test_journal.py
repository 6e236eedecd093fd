"""The journal: one row per input content × recipe × output, whatever becomes of the run."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from frisket.jobs.batch.journal import Findings, Journal
from frisket.jobs.batch.lookups import find_journal
from frisket.jobs.batch.states import JournalBusy, JournalError, RowChanged, Stamp, State, Verdict

STAMP = Stamp(10, 20, 30)
FOUND = Findings("cutout", 1.5, 2.0, "fake", "cpu", Verdict(0.5, True, ("A hole.",)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".frisket"


def test_a_result_goes_from_waiting_to_done(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        row = journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path("/out/a.png"))
        assert (row.state, row.stamp, row.attempts) == (State.WAITING, STAMP, 0)
        journal.claim(row.id, STAMP, "content", Path("/out/.part.png"))
        assert journal.get(row.id).part == Path("/out/.part.png")
        journal.mark_written(row.id, Stamp(1, 2, 3), FOUND)
        assert journal.unfinished() == [(journal.get(row.id), Stamp(1, 2, 3))]
        journal.mark_done(row.id)
    with Journal.open(folder) as journal:
        [done] = journal.rows([State.DONE])
        assert (done.content, done.kind, done.part) == ("content", "cutout", None)
        assert done.verdict == Verdict(0.5, True, ("A hole.",))
        assert (journal.counts().done, journal.counts().review) == (1, 1)
        assert journal.unfinished() == []


def test_an_output_has_one_row_that_counts(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        old = journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path("/out/a.png"))
        new = journal.enter(Path("/in/a.jpg"), STAMP, "other", Path("/out/a.png"), "changed")
        assert journal.find(Path("/out/a.png")) == new
        assert journal.get(old.id).state is State.SUPERSEDED
        assert [row.id for row in journal.rows()] == [new.id]


def test_failures_count_and_wait(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        row = journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path("/out/a.png"))
        journal.put_off(row.id, "The disk is full.", 99.5)
        assert (journal.get(row.id).attempts, journal.get(row.id).next_try) == (1, 99.5)
        journal.release(row.id)
        assert journal.get(row.id).attempts == 1, "waiting for the server is nobody's failure"
        journal.mark_failed(row.id, State.FAILED, "damaged")
        assert journal.counts().failed == 1
        journal.ask_again([row.id], "asked for", {"quality": "high"})
        again = journal.get(row.id)
        assert (again.state, again.attempts, again.redo) == (
            State.WAITING, 0, (("quality", "high"),),
        )  # fmt: skip


def test_a_person_decides(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        row = journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path("/out/a.png"))
        journal.mark_written(row.id, STAMP, FOUND)
        journal.mark_done(row.id)
        seen = journal.get(row.id)
        journal.amend(replace(seen, verdict=replace(seen.verdict, decision="rejected")))
        assert (journal.counts().rejected, journal.counts().review) == (1, 0)
        journal.keep_thumbnail(row.id, 256, "original", b"\xff\xd8")
        assert journal.thumbnail(row.id, 256, "original") == b"\xff\xd8"
        assert journal.thumbnail(row.id, 1024, "original") is None


def test_a_decision_counts_for_what_was_seen_alone(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        row = journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path("/out/a.png"))
        journal.mark_written(row.id, Stamp(1, 2, 3), FOUND)
        journal.mark_done(row.id)
        seen = journal.get(row.id)
        assert seen.written == Stamp(1, 2, 3)
        again = journal.amend(replace(seen, state=State.WAITING, redo=(("quality", "high"),)))
        assert (again.state, again.redo) == (State.WAITING, (("quality", "high"),))
        with pytest.raises(RowChanged, match=r"a\.png was made again"):
            journal.amend(seen)
        journal.claim(row.id, STAMP, "content", Path("/out/.part.png"))
        with pytest.raises(RowChanged):
            journal.amend(journal.get(row.id))


def test_what_changed_since_is_told_also_of_rows_that_count_no_more(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        old, other = (
            journal.enter(Path("/in/a.jpg"), STAMP, "recipe", Path(f"/out/{name}.png"))
            for name in "ab"
        )
        before = other.changed
        new = journal.enter(Path("/in/a.jpg"), STAMP, "other", Path("/out/a.png"))
        found = [(row.id, row.state) for row in journal.changed_since(before)]
        assert found == [(old.id, State.SUPERSEDED), (new.id, State.WAITING)]


def test_thumbnails_of_a_row_go_together(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        for row, pixels in ((1, 256), (1, 1024), (2, 256)):
            journal.keep_thumbnail(row, pixels, "matte", b"x")
        assert journal.thumbnail_sizes() == {1: 1024, 2: 256}
        journal.drop_thumbnails(1)
        assert journal.thumbnail_sizes() == {2: 256}


def test_results_and_journal_move_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Journal.open(Path("out/.frisket"), make=True) as journal:
        row = journal.enter(Path("in/a.jpg"), STAMP, "recipe", Path("out/a.png"))
        assert (row.source, row.output) == (tmp_path / "in/a.jpg", tmp_path / "out/a.png")
        assert journal.find(tmp_path / "out/a.png") == row, "however it is spelt"
    Path("out").rename("moved")
    with Journal.open(Path("moved/.frisket")) as journal:
        [row] = journal.rows()
        assert (row.source, row.output) == (tmp_path / "in/a.jpg", tmp_path / "moved/a.png")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no names of bytes")
def test_a_name_that_no_encoding_fits(folder: Path) -> None:
    source = Path(os.fsdecode(b"/in/\xff\xfe.jpg"))
    with Journal.open(folder, make=True) as journal:
        row = journal.enter(source, STAMP, "recipe", source.with_suffix(".png"))
        assert journal.get(row.id).source == source
        assert journal.find(source.with_suffix(".png")) == row


def test_two_runs_refuse_each_other_and_a_look_is_free(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        journal.hold()
        code = f"""
from pathlib import Path
from frisket.jobs.batch.journal import Journal
journal = Journal.open(Path({str(folder)!r}))
print(journal.counts().waiting)
journal.hold()
"""
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert other.stdout == "0\n"
        assert "Another run works with the journal" in other.stderr
        with pytest.raises(JournalBusy), Journal.open(folder) as second:
            second.hold()
    with Journal.open(folder) as journal:
        journal.hold()


def execute(file: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(statement)


def test_a_newer_a_damaged_and_a_strange_journal(folder: Path) -> None:
    Journal.open(folder, make=True).close()
    file = folder / "journal.sqlite"
    execute(file, "PRAGMA user_version = 2")
    with pytest.raises(JournalError, match="written by a newer frisket"):
        Journal.open(folder)
    file.write_bytes(b"SQLite format 3\0" + b"\x5a" * 4096)
    with pytest.raises(JournalError, match=r"damaged .* move it away"):
        Journal.open(folder)
    file.unlink()
    execute(file, "CREATE TABLE bookmarks (url)")
    with pytest.raises(JournalError, match="not a journal of frisket"):
        Journal.open(folder, make=True)
    with pytest.raises(JournalError, match="There is no journal"):
        Journal.open(folder / "nowhere")


def test_damaged_thumbnails_stop_nobody(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        journal.keep_thumbnail(1, 256, "matte", b"x")
    for file in folder.glob("thumbnails.sqlite*"):
        file.write_bytes(b"no database at all" * 300)
    with Journal.open(folder) as journal:
        assert journal.thumbnail(1, 256, "matte") is None
        journal.keep_thumbnail(1, 256, "matte", b"y")
    with Journal.open(folder) as journal:
        assert journal.thumbnail(1, 256, "matte") == b"y"


def test_a_journal_damaged_in_the_middle_is_found_at_once(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:
        for number in range(500):
            journal.enter(Path(f"/in/{number}.jpg"), STAMP, "recipe", Path(f"/out/{number}.png"))
    file = folder / "journal.sqlite"
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = b"\x5a" * 4096
    file.write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        Journal.open(folder)


def test_a_journal_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError, match="cannot be kept in"):
        Journal.open(tmp_path / "file" / ".frisket", make=True)


def test_any_thread_may_use_it(folder: Path) -> None:
    with Journal.open(folder, make=True) as journal:

        def fill(name: str) -> None:
            for number in range(50):
                journal.enter(Path(f"/in/{name}"), STAMP, "r", Path(f"/out/{name}{number}"))

        threads = [threading.Thread(target=fill, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.counts().waiting == 200


def test_the_folder_of_results_names_its_journal(folder: Path) -> None:
    assert find_journal(folder.parent) == folder
    Journal.open(folder, make=True).close()
    assert find_journal(folder) == find_journal(folder / "journal.sqlite") == folder
