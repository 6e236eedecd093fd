"""`frisket watch` as a shop runs it: files arrive, stand still, and are cut once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import FRISKET, frisket, refused
from PIL import Image
from serving import noisy_disc

from frisket.cli.main import main
from frisket.jobs import Watch
from frisket.jobs.batch import events
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import BatchResult, Rules
from frisket.jobs.batch.states import JournalBusy, State
from frisket.jobs.names import BadName
from frisket.jobs.watch.manners import Manners
from frisket.jobs.watch.windows import read_window

QUICK = Rules(retries=0, patience_s=0.2)


def files(folder: Path) -> set[str]:
    """Every file below a folder, without journals and locks."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if not any(x.startswith(".") for x in path.parts)}


def once(folder: str = "in", output: str = "out", **named: Any) -> tuple[list[BatchResult], Watch]:
    """Do what is there, and return what became of it."""
    manners = {"once": True, "poll_s": 0.02, "looks": 2, "give_up_s": 0.0, **named.pop("how", {})}
    watch = Watch(folder, output, manners=Manners(**manners), rules=QUICK, model="fake", **named)
    return list(watch), watch


class Live:
    """A watch on a thread of its own, with what it made and told."""

    def __init__(self, folder: str = "in", output: str = "out", **how: Any) -> None:
        self.done: list[BatchResult] = []
        self.told: list[events.Event] = []
        manners = Manners(**{"poll_s": 0.02, "looks": 2, "give_up_s": 0.5, **how})
        self.watch = Watch(
            *(folder, output), manners=manners, rules=QUICK, model="fake", listen=self.told.append
        )
        self._thread = threading.Thread(target=lambda: self.done.extend(self.watch), daemon=True)

    @property
    def warnings(self) -> list[str]:
        return [one.text for one in self.told if isinstance(one, events.Warning)]

    @property
    def written(self) -> list[str]:
        made = [one for one in self.told if isinstance(one, events.ArtifactWritten)]
        return [one.output.name for one in made]

    def wait(self, what: Callable[[], Any]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + 90
        while not what():
            assert time.monotonic() < end and self._thread.is_alive(), (self.done, self.warnings)
            time.sleep(0.02)

    @contextmanager
    def running(self) -> Iterator[Live]:
        self._thread.start()
        try:
            yield self
        finally:
            self.watch.stop()
            self._thread.join(60)
            assert not self._thread.is_alive()


# ------------------------------------------------------------------ originals stay


def test_what_is_there_is_done_once_with_its_folders(work: Path) -> None:
    done, watch = once()
    assert files(work / "out") == {"a-cutout.png", "b-cutout.png", "more/c-cutout.png"}
    assert len(done) == watch.summary.written == 3
    assert files(work / "in") == {"a.jpg", "b.png", "more/c.jpg"}, "originals stay"
    again, watch = once()
    assert again == [] and watch.summary.kept == 3


def test_what_arrives_changes_and_goes_while_it_watches(work: Path) -> None:
    with Live().running() as live:
        live.wait(lambda: len(live.written) == 3)
        Image.fromarray(noisy_disc(200, 150, 9)).save("in/more/new.part", format="PNG")
        Path("in/more/new.part").rename("in/more/new.png")
        live.wait(lambda: len(live.written) == 4)
        first = Path("out/a-cutout.png").read_bytes()
        shutil.copy("in/more/c.jpg", "in/a.jpg")
        live.wait(lambda: len(live.written) == 5)
        Path("in/b.png").unlink()
        os.utime("in/more/c.jpg")  # touched, and the same
        Image.fromarray(noisy_disc(200, 150, 10)).save("in/last.png")
        live.wait(lambda: len(live.written) == 6)
    assert Path("out/a-cutout.png").read_bytes() != first
    assert live.written[3:] == ["new-cutout.png", "a-cutout.png", "last-cutout.png"]
    assert files(work / "out") == {
        *("a-cutout.png", "b-cutout.png", "last-cutout.png"),
        *("more/c-cutout.png", "more/new-cutout.png"),
    }
    assert [one.error for one in live.done] == [None] * 6


@pytest.mark.parametrize("poll_s", [None, 0.05])
def test_events_and_polling_both_see_what_arrives(work: Path, poll_s: float | None) -> None:
    shutil.rmtree("in")
    Path("in/deep").mkdir(parents=True)
    with Live(poll_s=poll_s, looks=1).running() as live:
        live.wait(lambda: live.told)
        Image.fromarray(noisy_disc(200, 150, 3)).save("in/deep/x.png")
        live.wait(lambda: live.written)


def test_a_file_that_is_written_slowly_is_never_half_read(work: Path) -> None:
    whole = Path("in/a.jpg").read_bytes()
    shutil.rmtree("in")
    Path("in").mkdir()
    with Live(give_up_s=60).running() as live, Path("in/slow.jpg").open("wb") as file:
        for place in range(0, len(whole), len(whole) // 3):
            file.write(whole[place : place + len(whole) // 3])
            file.flush()
            time.sleep(0.2)  # it stands still meanwhile, and does not open to its end
        live.wait(lambda: live.written)
    assert [one.error for one in live.done] == [None]


def test_a_file_that_changes_while_it_waits_for_a_worker(work: Path) -> None:
    """What is withdrawn is planned again, under the same name."""
    for number in range(8):
        shutil.copy("in/a.jpg", f"in/{number}.jpg")
    with Live(looks=1).running() as live:
        live.wait(lambda: live.written)
        for number in range(8):
            shutil.copy("in/more/c.jpg", f"in/{number}.jpg")
        last = [f"{number}-cutout.png" for number in range(8)]
        same = Path("out/more/c-cutout.png")
        live.wait(
            lambda: (
                all((work / "out" / name).exists() for name in last)
                and same.exists()
                and all((work / "out" / name).read_bytes() == same.read_bytes() for name in last)
            )
        )
    assert [one.error for one in live.done if one.error] == []


def test_what_stays_truncated_is_given_up_and_made_when_it_is_replaced(work: Path) -> None:
    whole = Path("in/a.jpg").read_bytes()
    shutil.rmtree("in")
    Path("in").mkdir()
    Path("in/a.jpg").write_bytes(whole[: len(whole) // 2])
    os.utime("in/a.jpg", (1e9, 1e9))
    with Live(give_up_s=0.2).running() as live:
        live.wait(lambda: live.done)
        assert "a.jpg" in str(live.done[0].error)
        Path("in/a.jpg").write_bytes(whole)
        live.wait(lambda: live.written)
    with Journal.open(Path("out/.frisket")) as journal:
        assert [row.state for row in journal.rows()] == [State.DONE]


def test_once_leaves_what_is_not_whole_for_the_next_time(work: Path) -> None:
    whole = Path("in/a.jpg").read_bytes()
    Path("in/a.jpg").write_bytes(whole[: len(whole) // 2])
    told: list[events.Event] = []
    done, _ = once(how={"give_up_s": 3600.0}, listen=told.append)
    assert {one.source.name for one in done} == {"b.png", "c.jpg"}
    assert any("a.jpg is left for the next time" in getattr(one, "text", "") for one in told)
    Path("in/a.jpg").write_bytes(whole)
    assert [one.source.name for one in once()[0]] == ["a.jpg"]


def test_updates_can_be_ignored_and_small_files_left(work: Path) -> None:
    how = {"ignore_updates": True}
    once(how=how)
    before = Path("out/a-cutout.png").read_bytes()
    shutil.copy("in/more/c.jpg", "in/a.jpg")
    done, _ = once(how=how)
    assert done == [] and Path("out/a-cutout.png").read_bytes() == before
    done, _ = once()
    assert [one.output.name for one in done] == ["a-cutout.png"]
    Image.fromarray(noisy_disc(64, 64, 5)).save("in/small.png")
    size = Path("in/small.png").stat().st_size
    assert once(how={"least_bytes": size + 1})[0] == []
    assert len(once(how={"least_bytes": size})[0]) == 1


def test_duplicates(work: Path) -> None:
    once()
    for name in ("a.jpg", "b.png"):
        shutil.copy("in/more/c.jpg", f"in/{name}")
    before = Path("out/a-cutout.png").read_bytes()
    done, _ = once(how={"duplicates": "fail"})
    assert all("exists already" in str(one.error) for one in done) and len(done) == 2
    assert Path("out/a-cutout.png").read_bytes() == before
    assert once(how={"duplicates": "fail"})[0] == [], "said once"
    shutil.copy("in/more/c.jpg", "in/d.jpg")
    once(how={"duplicates": "version"})
    Image.fromarray(noisy_disc(200, 150, 5)).save("in/d.jpg")
    done, _ = once(how={"duplicates": "version"})
    assert [one.output.name for one in done] == ["d-cutout-2.png"]
    assert once(how={"duplicates": "version"})[0] == [], "the version is known again"


def test_two_originals_of_one_result(work: Path) -> None:
    once()
    Image.open("in/b.png").save("in/a.png")
    Image.open("in/b.png").save("in/A.jpg")
    if len(files(work / "in")) == 4:
        pytest.skip("this file system knows no case")
    before = Path("out/a-cutout.png").read_bytes()
    done, watch = once()
    assert sorted(one.source.name for one in done) == ["A.jpg", "a.png"]
    assert all("rename one of the two" in str(one.error) for one in done)
    assert watch.summary.failed == 2
    assert Path("out/a-cutout.png").read_bytes() == before
    once(how={"duplicates": "version"})
    assert {"a-cutout-2.png", "A-cutout-2.png"} & files(work / "out")


def test_results_among_the_originals_are_not_fed_back(work: Path) -> None:
    once("in", "in/out")
    assert once("in", "in/out")[0] == []
    assert files(work / "in/out") == {"a-cutout.png", "b-cutout.png", "more/c-cutout.png"}
    once("in", "{dir}/{stem}-x.{ext}", journal="journal")
    made = files(work / "in")
    assert once("in", "{dir}/{stem}-x.{ext}", journal="journal")[0] == []
    assert files(work / "in") == made
    with pytest.raises(BadName, match="input and output"):
        Watch("in", "in")
    with pytest.raises(BadName, match="input and output"):
        Watch("in", "in/work", manners=Manners(moves=True))


def test_a_window_that_is_shut_and_one_that_is_open(work: Path) -> None:
    hour = time.localtime().tm_hour
    shut = read_window(f"{(hour + 3) % 24:02}:00-{(hour + 5) % 24:02}:00")
    with Live(windows=(shut,)).running() as live:
        live.wait(lambda: live.told)
        time.sleep(0.3)
    assert live.written == [] and not files(work / "out")
    opened = read_window(f"{(hour - 2) % 24:02}:00-{(hour + 3) % 24:02}:00")
    with Live(windows=(shut, opened)).running() as live:
        live.wait(lambda: len(live.written) == 3)


# ------------------------------------------------------------------ originals move


def drop(*names: str) -> None:
    """Put the pictures of the fixture into a shop's folder."""
    Path("shop/in/more").mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(Path("in") / name, Path("shop/in") / name)


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


# ------------------------------------------------------------------ trouble


def test_a_share_that_goes_and_comes_back(work: Path) -> None:
    with Live().running() as live:
        live.wait(lambda: len(live.written) == 3)
        Path("in").rename("away")
        live.wait(lambda: any("it is waited for" in one for one in live.warnings))
        shutil.copy("away/a.jpg", "away/new.jpg")
        time.sleep(0.2)
        Path("away").rename("in")
        live.wait(lambda: len(live.written) == 4)
    lost = [one for one in live.warnings if "waited for" in one or "is back" in one]
    assert len(lost) == 2, "said once each"
    assert live.written[3] == "new-cutout.png"


def test_a_folder_of_results_that_goes_and_comes_back(work: Path) -> None:
    with Live(output="out").running() as live:
        live.wait(lambda: len(live.written) == 3)
        Path("out").rename("away")
        Image.fromarray(noisy_disc(200, 150, 7)).save("in/new.png")
        live.wait(lambda: any("out" in one and "any more" in one for one in live.warnings))
        assert not Path("out").exists(), "no folder is made where a share should be"
        Path("away").rename("out")
        live.wait(lambda: len(live.written) == 4)
    assert "new-cutout.png" in files(work / "out")
    with Journal.open(Path("out/.frisket")) as journal:
        assert (journal.counts().done, journal.counts().failed) == (4, 0)


def test_a_server_that_comes_later(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", "none")
    told: list[events.Event] = []
    watch = Watch(
        *("in", "out"), manners=Manners(poll_s=0.02, looks=1), rules=QUICK,
        server="127.0.0.1:1", listen=told.append,
    )  # fmt: skip
    thread = threading.Thread(target=lambda: list(watch), daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not any(isinstance(one, events.Warning) and "waited for" in one.text for one in told):
        assert time.monotonic() < end and thread.is_alive(), told
        time.sleep(0.02)
    watch.stop()
    thread.join(30)
    assert not thread.is_alive() and watch.summary.failed == 0


def test_a_model_that_is_not_there_ends_the_watch(work: Path) -> None:
    sentence = refused(6, "watch", "in", "-o", "out", "-m", "clasic", "--poll", "0.05")
    assert "did you mean 'classic'" in sentence


# ------------------------------------------------------------------ the command


def test_the_command_ends_by_a_signal_and_goes_on(work: Path) -> None:
    command = [*FRISKET, "watch", "in", "-o", "out", "--events", "--poll", "0.05", "--settle", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        told = []
        for line in process.stdout:
            told.append(json.loads(line))
            if sum(one["event"] == "artifact_written" for one in told) == 3:
                break
        process.send_signal(signal.SIGTERM)
        told += [json.loads(line) for line in process.stdout]
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said and "Interrupted" in said
    assert told[0]["event"] == "job_started" and told[-1]["event"] == "completed"
    done = frisket("watch", "in", "-o", "out", "--once", "--poll", "0.05")
    assert done.returncode == 0 and done.stdout.startswith("0 written, 3 done before"), done.stderr


def test_a_recipe_holds_every_option_of_a_watch(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("shop.toml").write_text(
        'output = "out"\nas = "matte"\nmove = true\nwindow = ["22:00-06:00", "6:00-22:00"]\n'
        'duplicates = "version"\ntickets = "off"\npoll = 0.05\nsettle = 1\ngive-up = 0\n'
        "min-size = 10\nignore-updates = false\n"
    )
    drop("a.jpg")
    assert main(["recipe", "check", "shop.toml"]) == 0
    assert main(["watch", "shop", "--recipe", "shop.toml", "--once", "-q"]) == 0
    assert files(work / "out") == {"a-matte.png"} and files(work / "shop") == {"done/a.jpg"}
    Path("shop.toml").write_text('window = "22:00"\nduplicates = "versoin"\n')
    capsys.readouterr()
    assert main(["recipe", "check", "shop.toml"]) == 2
    said = capsys.readouterr().err
    assert "is not HH:MM-HH:MM" in said and "did you mean 'version'?" in said


def test_what_makes_no_sense(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, status, said in (
        (["watch", "in"], 2, "-o OUT"),
        (["watch", "in", "-o", "RUN.zip"], 2, "a watch has no end"),
        (["watch", "in", "-o", "in"], 2, "input and output"),
        (["watch", "gone", "-o", "out"], 3, "no such folder"),
        (["watch", "in", "-o", "out", "--move", "--ignore-updates"], 2, "originals stay"),
        (["watch", "in", "-o", "out", "--window", "22-6"], 2, "22:00-06:00"),
        (["watch", "in", "-o", "out", "--settle", "0"], 2, "not enough"),
        (["watch", "in", "-o", "out", "--events", "--json"], 2, "give one of them"),
    ):
        assert main(words) == status, words
        assert said in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_unit_is_one_that_systemd_takes(work: Path) -> None:
    strange = work / 'a 50% $HOME "quoted" folder'
    strange.mkdir()
    done = frisket("watch", strange, "-o", "out", "--print-unit", "--window", "22:00-06:00")
    assert done.returncode == 0, done.stderr
    assert "SuccessExitStatus=130" in done.stdout
    assert "--print-unit" not in done.stdout.partition("[Unit]")[2]
    unit = work / "frisket-watch.service"
    unit.write_text(done.stdout)
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60
    )
    about = [line for line in checked.stderr.splitlines() if "frisket-watch" in line]
    assert about == [] and not files(strange)
