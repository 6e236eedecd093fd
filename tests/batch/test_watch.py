"""`frisket watch` as a shop runs it: files arrive, stand still, and are cut once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from command import FRISKET, frisket, refused
from PIL import Image
from serving import noisy_disc
from watching import QUICK, Live, drop, files, once

from frisket.cli.main import main
from frisket.jobs import Watch
from frisket.jobs.batch import events
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import State
from frisket.jobs.names import BadName
from frisket.jobs.watch.manners import Manners
from frisket.jobs.watch.orders import Order, TicketIncomplete
from frisket.jobs.watch.windows import read_window

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


@pytest.mark.parametrize(
    "told",
    [
        {"output": "x\0y/{stem}.png"},
        {"output": "x\ud800/{stem}.png"},
        {"\ud800": "x"},
        {"output": f"{'x' * 300}/{{stem}}.png"},
        {"output": "taken/{stem}.png"},
        {"trimap": f"a.jpg.frisket.{'x' * 300}.png"},
        {"background": "white", "shadow": "drop", "also": "shadow", "output": "{stem}.xyz"},
    ],
)
def test_a_ticket_costs_its_own_picture_alone(
    work: Path, capsys: pytest.CaptureFixture[str], told: dict[str, str]
) -> None:
    Path("in/a.jpg.frisket.json").write_text(json.dumps(told))
    Path("out").mkdir()
    Path("out/taken").touch()
    words = ("--once", "--poll", "0.05", "--settle", "1", "--give-up", "0", "-q")
    assert main(["watch", "in", "-o", "out", *words]) == 11
    assert files(work / "out") == {"b-cutout.png", "more/c-cutout.png", "taken"}
    assert "a.jpg" in capsys.readouterr().err


def test_a_picture_that_goes_while_it_is_planned_ends_nothing(work: Path) -> None:
    def lose(ticket: Path, picture: Path) -> Order:
        picture.unlink()
        raise TicketIncomplete("it is not whole yet")

    Path("in/a.jpg.frisket.json").write_text("{")
    done, _ = once(read_ticket=lose)
    assert sorted(one.source.name for one in done) == ["b.png", "c.jpg"]
    assert files(work / "out") == {"b-cutout.png", "more/c-cutout.png"}


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
        'engine = "ray"\naddress = "192.0.2.7:6379"\n'  # of a batch, and left aside
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
        (["watch", "in", "-o", "out", "--engine", "ray"], 2, "--engine"),
        (["watch", "in", "-o", "out", "--address", "auto"], 2, "--address"),
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
