"""`frisket watch` where originals move through a shop's folders, with job tickets."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from watching import Live, drop, files, once

from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import JournalBusy, State

# ------------------------------------------------------------------ originals move

MOVE = {"moves": True}


def test_originals_move_through_the_folders(work: Path) -> None:
    drop("a.jpg", "b.png", "more/c.jpg")
    Path("shop/in/bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
    os.utime("shop/in/bad.jpg", (1e9, 1e9))
    once("shop", "", how=MOVE)
    assert files(work / "shop") == {
        *("done/a.jpg", "done/b.png", "done/more/c.jpg", "failed/bad.jpg", "failed/bad.jpg.txt"),
        *("out/a-cutout.png", "out/b-cutout.png", "out/more/c-cutout.png"),
    }
    assert "bad.jpg" in Path("shop/failed/bad.jpg.txt").read_text()
    assert not any(Path("shop/work").glob("[!.]*")), "and no empty folder is left"
    with Journal.open(Path("shop/out/.frisket")) as journal:
        assert all(row.source.exists() for row in journal.rows()), "it knows where they are now"
    Path("shop/failed/bad.jpg").rename("shop/in/bad.jpg")
    assert len(once("shop", "", how=MOVE)[0]) == 1, "what is sent again is tried again"


def test_a_name_that_comes_again(work: Path) -> None:
    drop("a.jpg")
    once("shop", "", how=MOVE)
    first = Path("shop/out/a-cutout.png").read_bytes()
    drop("a.jpg")
    assert once("shop", "", how=MOVE)[0] == [], "the same content is done"
    shutil.copy("in/more/c.jpg", "shop/in/a.jpg")
    done, _ = once("shop", "", how={**MOVE, "duplicates": "version"})
    assert [one.output.name for one in done] == ["a-cutout-2.png"]
    shutil.copy("in/b.png", "shop/in/a.jpg")
    done, _ = once("shop", "", how={**MOVE, "duplicates": "fail"})
    assert "exists already" in str(done[0].error)
    assert Path("shop/out/a-cutout.png").read_bytes() == first
    done, _ = once("shop", "", how=MOVE)
    shutil.copy("in/b.png", "shop/in/a.jpg")
    once("shop", "", how=MOVE)
    assert Path("shop/out/a-cutout.png").read_bytes() != first
    names = files(work / "shop" / "done") | files(work / "shop" / "failed")
    assert names == {"a.jpg", "a-2.jpg", "a-3.jpg", "a-4.jpg", "a.jpg.txt"}, "no original is lost"


@pytest.mark.parametrize("state", ["claimed", "claimed ticket", "made", "made, ticket moved"])
def test_what_a_kill_left_in_work(work: Path, state: str) -> None:
    """The moments between two moves, made by hand."""
    drop("a.jpg")
    ticket = json.dumps({"as": "matte"})
    Path("shop/in/a.jpg.frisket.json").write_text(ticket)
    read = {"read_ticket": read_tickets(Path("shop/out"))}
    if state.startswith("made"):
        once("shop", "", how=MOVE, **read)
        Path("shop/done/a.jpg").rename("shop/work/a.jpg")
        if state == "made":
            Path("shop/done/a.jpg.frisket.json").rename("shop/work/a.jpg.frisket.json")
        with Journal.open(Path("shop/out/.frisket")) as journal:
            [row] = journal.rows()
            journal.relocate([row.id], work / "shop" / "work" / "a.jpg")
    else:
        Path("shop/work").mkdir()
        Path("shop/in/a.jpg.frisket.json").rename("shop/work/a.jpg.frisket.json")
        if state == "claimed":
            Path("shop/in/a.jpg").rename("shop/work/a.jpg")
    done, _ = once("shop", "", how=MOVE, **read)
    assert [one.output.name for one in done] == ([] if "made" in state else ["a-matte.png"])
    assert files(work / "shop") == {
        "done/a.jpg", "done/a.jpg.frisket.json", "out/a-matte.png",
    }  # fmt: skip


def test_two_watches_do_not_share_folders(work: Path) -> None:
    drop()
    with Live("shop", "one", moves=True).running() as live:
        live.wait(lambda: live.told)
        with pytest.raises(JournalBusy, match="Another frisket watches shop"):
            once("shop", "two", how=MOVE)
        with pytest.raises(JournalBusy, match="Another run"):
            once("in", "one")


# ------------------------------------------------------------------ tickets


def read_tickets(output: Path) -> Any:
    """The reader of tickets that the command has."""
    import argparse

    from frisket.cli.settings import fill
    from frisket.cli.ticket import Tickets
    from frisket.cli.watch_options import WATCH_OPTIONS
    from frisket.jobs.batch.place import read_place

    arguments = argparse.Namespace(output=str(output))
    fill(arguments, WATCH_OPTIONS)
    return Tickets(arguments, read_place(str(output))).read


def test_a_ticket_before_its_picture_and_after_it(work: Path) -> None:
    read = {"read_ticket": read_tickets(Path("out"))}
    Path("in/a.jpg.frisket.json").write_text('{"as": "matte"}')
    Path("in/late.jpg.frisket.json").write_text('{"as": ["matte", "comparison"]}')
    done, _ = once(**read)
    assert {one.output.name for one in done} == {"a-matte.png", "b-cutout.png", "c-cutout.png"}
    shutil.copy("in/a.jpg", "in/late.jpg")
    Path("in/b.png.frisket.json").write_text('{"threshold": 0.5}')
    done, _ = once(**read)
    assert {one.output.name for one in done} == {
        "late-matte.png", "late-comparison.jpg", "b-cutout.png",
    }  # fmt: skip
    assert once(**read)[0] == []


def test_a_ticket_that_makes_no_sense_fails_its_picture_until_it_is_mended(work: Path) -> None:
    read = {"read_ticket": read_tickets(Path("out"))}
    ticket = Path("in/a.jpg.frisket.json")
    ticket.write_text('{"qualitty": "high"}')
    done, _ = once(**read)
    [bad] = [one for one in done if one.error]
    assert "did you mean 'quality'?" in str(bad.error) and bad.source.name == "a.jpg"
    with Journal.open(Path("out/.frisket")) as journal:
        assert [row.source.name for row in journal.rows([State.FAILED])] == ["a.jpg"]
    assert once(**read)[0] == [], "said once"
    ticket.write_text('{"quality": "draft"}')
    done, _ = once(**read)
    assert [(one.source.name, one.error) for one in done] == [("a.jpg", None)]


def test_tickets_may_be_required_or_off(work: Path) -> None:
    read = {"read_ticket": read_tickets(Path("out"))}
    Path("in/a.jpg.frisket.json").write_text('{"as": "matte"}')
    done, _ = once(how={"tickets": "required"}, **read)
    assert [one.output.name for one in done] == ["a-matte.png"]
    done, _ = once(how={"tickets": "off"})
    assert {one.output.name for one in done} == {"a-cutout.png", "b-cutout.png", "c-cutout.png"}
