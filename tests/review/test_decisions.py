"""What a person decides is in the journal, counts for what they saw, and can be taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from made_run import MadeRun
from review_kit import Served

from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.lookups import FILE, FOLDER
from frisket.jobs.batch.states import JournalError, State
from frisket.review.decisions import Decisions


def decide(served: Served, name: str, action: str, **options: str) -> Any:
    row = served.rows()[name]
    told = {"changed": row["changed"], "action": action, "options": options}
    return served.post(f"/api/rows/{row['id']}", told)


def test_decisions_are_stored_and_taken_back(made: MadeRun, served: Served) -> None:
    states = {name: row["state"] for name, row in served.rows().items()}
    assert states == {
        "a.png": "good", "b.png": "good", "c.png": "review", "d.png": "review",
        "e.png": "failed", "f.png": "waiting",
    }  # fmt: skip
    assert decide(served, "c.png", "approve").json()["row"]["state"] == "approved"
    assert decide(served, "a.png", "reject").json()["counts"]["rejected"] == 1
    assert (made.journal.counts().review, made.journal.counts().rejected) == (1, 1)
    assert served.post("/api/undo", {}).json()["row"]["name"] == "a.png"
    assert served.post("/api/undo", {}).json()["row"]["state"] == "review"
    answer = served.post("/api/undo", {})
    assert (answer.status, "nothing to take back" in answer.json()["error"]) == (409, True)
    assert {name: row["state"] for name, row in served.rows().items()} == states


def test_what_the_journal_cannot_take_back_now_is_taken_back_later(made: MadeRun) -> None:
    folder = made.out / FOLDER
    journal = Journal.open(folder, patience_s=0.1)
    decisions = Decisions(journal)
    with closing(journal), closing(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        rows = {row.source.name: row for row in journal.rows()}
        for name, action in (("c.png", "approve"), ("d.png", "reject")):
            decisions.decide(rows[name].id, rows[name].changed, action, {})
        other.execute("BEGIN IMMEDIATE")  # as a run that writes for longer than is waited for
        with pytest.raises(JournalError):
            decisions.undo()
        other.execute("ROLLBACK")
        assert [decisions.undo().source.name for _ in "cd"] == ["d.png", "c.png"]


def test_redo_with_other_options(made: MadeRun, served: Served) -> None:
    for name in ("d.png", "e.png"):
        assert decide(served, name, "redo", threshold="0.5", quality="high").status == 200
    rows = {row.source.name: row for row in made.journal.rows()}
    for name in ("d.png", "e.png"):
        assert rows[name].state is State.WAITING
        assert dict(rows[name].redo) == {"threshold": "0.5", "quality": "high"}
    assert decide(served, "d.png", "redo", threshold="0.4").status == 200, "corrected in time"
    for _ in range(3):
        served.post("/api/undo", {})
    rows = {row.source.name: row for row in made.journal.rows()}
    assert (rows["d.png"].state, rows["d.png"].redo) == (State.DONE, ())
    assert (rows["e.png"].state, rows["e.png"].reason) == (State.FAILED, "e.png: it is truncated.")


def test_what_no_run_could_do_is_refused(made: MadeRun, served: Served) -> None:
    for name, action, options, status in (
        ("d.png", "redo", {"threshold": "2"}, 400),
        ("d.png", "redo", {"prior": "/etc/passwd"}, 400),
        ("d.png", "delete", {}, 400),
        ("e.png", "approve", {}, 409),
        ("f.png", "redo", {}, 409),
    ):
        assert decide(served, name, action, **options).status == status
    assert made.journal.counts().waiting == 1


def test_a_decision_about_what_was_made_again_meanwhile_is_refused(
    made: MadeRun, served: Served
) -> None:
    seen = served.rows()["c.png"]
    made.journal.ask_again([seen["id"]], "it was asked for with --redo")
    told = {"changed": seen["changed"], "action": "approve", "options": {}}
    answer = served.post(f"/api/rows/{seen['id']}", told)
    assert (answer.status, answer.json()["row"]["state"]) == (409, "waiting")
    assert "look once more" in answer.json()["error"]


def test_news_are_told_to_whoever_asks_since(made: MadeRun, served: Served) -> None:
    newest = max(row["changed"] for row in served.rows().values())
    assert served.get(f"/api/rows?after={newest}")["rows"] == []
    row = made.journal.find(made.out / "a-cutout.png")
    assert row is not None
    made.journal.enter(row.source, row.stamp, "other", row.output)
    old, new = served.get(f"/api/rows?after={newest}")["rows"]
    assert (old["state"], new["state"]) == ("superseded", "waiting")


def test_files_that_have_gone_or_changed_are_told(made: MadeRun, served: Served) -> None:
    (made.inputs / "a.png").unlink()
    (made.out / "d-cutout.png").write_bytes(b"retouched")
    (made.out / "more" / "b-cutout.png").unlink()
    rows = served.rows()

    def notices(name: str) -> str:
        return " ".join(served.get(f"/api/rows/{rows[name]['id']}")["notices"])

    assert "The original is not there any more" in notices("a.png")
    assert "changed by another program" in notices("d.png")
    assert "The result is not there any more" in notices("b.png")
    assert notices("c.png") == ""
    for name in ("a.png", "b.png", "d.png"):
        answer = served.ask("GET", f"/files/{rows[name]['id']}")
        assert (answer.status, "The " in answer.json()["error"]) == (404, True)
        thumbnail = served.ask("GET", f"/pictures/{rows[name]['id']}/256/matte")
        assert thumbnail.headers["Content-Type"] == "image/jpeg"


def test_a_journal_that_is_damaged_meanwhile_is_said(made: MadeRun, served: Served) -> None:
    file = Path(made.journal.folder) / "journal.sqlite"
    for one in (file, file.with_name("journal.sqlite-wal")):
        one.write_bytes(b"\x5a" * one.stat().st_size)
    answer = served.ask("GET", "/api/run")
    assert answer.status in (200, 503)
    if answer.status == 503:
        assert "journal" in answer.json()["error"]
