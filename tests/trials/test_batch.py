"""Batches that are killed, run out of disk and lose their folders: each result once, and whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import FRISKET, layered
from lengths import pick
from PIL import Image
from serving import noisy_disc
from trials.kit import chance, kill_server, posix, say

from frisket.documents import PlaceError
from frisket.jobs import Batch
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import Rules
from frisket.jobs.batch.states import JournalError, State

pytestmark = posix

FILES, KILLS = pick((5, 3), (60, 20))
DISK_MB = pick(5, 60)
BOTH = ("--as", "cutout", "--as", "matte")
QUICK = Rules(retries=2, delays_s=(0.1,), patience_s=1.0)
Marks = dict[str, tuple[int, int, int]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a FRISKET_HOME of its own, whose servers end with the trials."""
    folder = tmp_path_factory.mktemp("batches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRISKET_HOME", str(folder / "home"))
        for name in ("TOKEN", "MODEL", "SERVER", "DEVICE", "QUALITY"):
            patch.delenv(f"FRISKET_{name}", raising=False)
        yield folder
    kill_server(folder / "home")


@pytest.fixture(scope="module")
def source(place: Path) -> Path:
    """Pictures of several sizes and a layered document."""
    folder = place / "in"
    (folder / "more").mkdir(parents=True)
    for number in range(FILES - 1):
        where = folder / ("more" if number % 3 else ".") / f"{number}.jpg"
        Image.fromarray(noisy_disc(300 + 150 * (number % 4), 400, number)).save(where)
    layered(folder / "poster.psd")
    return folder


@pytest.fixture(scope="module")
def right(source: Path, place: Path) -> dict[str, str]:
    """What a run that nobody disturbs writes."""
    subprocess.run(command(source, place / "right"), check=True, stdout=subprocess.DEVNULL)
    return digests(place / "right")


def results(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if ".frisket" not in path.relative_to(folder).parts]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in results(folder)
    }


def marks(folder: Path) -> Marks:
    """What would change if a result were written again."""
    shown = [path for path in results(folder) if not path.name.startswith(".")]
    states = {str(path): path.stat() for path in shown}
    return {name: (one.st_ino, one.st_mtime_ns, one.st_size) for name, one in states.items()}


def command(source: Path, out: Path, *more: str) -> list[str]:
    return [*FRISKET, "batch", str(source), "-o", str(out), "-m", "fake", "--events", *more]


def kill_once(
    source: Path, out: Path, home: Path, dice: random.Random, seconds: float
) -> tuple[str, int]:
    """Run the batch and kill somebody at any time, or while results are made.

    Returns:
        Who was killed, and the status.
    """
    who = dice.choice(("client", "server", "both"))
    words = command(source, out, *BOTH)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        if dice.random() < 0.5:
            time.sleep(dice.uniform(0.1, seconds))
        else:
            next((line for line in running.stdout if "artifact_written" in line), None)
            time.sleep(dice.uniform(0, 0.1))
        if who != "client":
            kill_server(home)
        if who != "server":
            running.kill()
        running.stdout.read()
        status = running.wait(120)
    return who, status


def test_killed_again_and_again(source: Path, place: Path, tmp_path: Path) -> None:
    """Every run has some new inputs, each of which gives two results out of one matte."""
    out, home, arriving = tmp_path / "out", place / "home", tmp_path / "in"
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    started = time.monotonic()
    whole = command(source, tmp_path / "whole", *BOTH)
    subprocess.run(whole, check=True, stdout=subprocess.DEVNULL)
    whole_s = time.monotonic() - started
    dice = chance("killed batch")
    seen: Marks = {}
    killed: list[str] = []
    for number in range(KILLS):
        for path in files[number::KILLS]:
            new = arriving / path.relative_to(source)
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, new)
        who, status = kill_once(arriving, out, home, dice, max(1.0, whole_s * 0.3))
        killed.append(who)
        assert status in (0, -signal.SIGKILL)
        now = marks(out)
        assert {name: now[name] for name in seen} == seen, "nothing is written twice"
        seen = now
    again = command(arriving, out, *BOTH)
    last = subprocess.run(again, capture_output=True, text=True, timeout=300)
    assert last.returncode == 0, last.stderr
    assert {name: one for name, one in marks(out).items() if name in seen} == seen
    right = digests(tmp_path / "whole")
    assert digests(out) == right, "complete, identical, and nothing half-written left"
    with Journal.open(out / ".frisket") as journal:
        assert journal.counts().done == len(right) == 2 * FILES
        assert len(list(journal.rows([State.DONE]))) == 2 * FILES
    say("killed batch", results=2 * FILES, kills=len(killed), done_before_the_last_run=len(seen))


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk of a few megabytes, where this user may."""
    folder.mkdir()
    size = f"size={megabytes}m"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)])
    if done.returncode:
        pytest.skip("this user may mount no disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def run(batch: Batch) -> None:
    for done in batch:
        assert done.error is None, done.error


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount")
@pytest.mark.parametrize("journal", ["beside the results", "elsewhere"])
def test_a_full_disk(source: Path, right: dict[str, str], tmp_path: Path, journal: str) -> None:
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1_000_000 * DISK_MB - 1_700_000))
        kept = tmp_path / "journal" if journal == "elsewhere" else None
        batch = Batch(source, disk / "out", model="fake", rules=QUICK, journal=kept)
        with pytest.raises((PlaceError, JournalError)) as caught:
            run(batch)
        assert "space" in str(caught.value) or "full" in str(caught.value)
        assert str(disk) in str(caught.value)
        before = marks(disk / "out")
        assert len(before) < FILES
        ballast.unlink()
        run(Batch(source, disk / "out", model="fake", journal=kept))
        assert {name: one for name, one in marks(disk / "out").items() if name in before} == before
        assert digests(disk / "out") == right


@pytest.mark.parametrize("lost", ["in", "out"])
def test_a_folder_that_vanishes(
    source: Path, right: dict[str, str], tmp_path: Path, lost: str
) -> None:
    """A share is lost while the batch runs, and is there again for the next run."""
    out, away = tmp_path / "out", tmp_path / "away"
    kept = tmp_path / "journal"
    batch = Batch(source, out, model="fake", rules=QUICK, journal=kept)
    folder = {"in": source, "out": out}[lost]
    with pytest.raises(Exception, match=r"no folder|cannot be read|No such file") as caught:
        for _ in batch:
            if not away.exists():
                folder.rename(away)
    assert str(folder) in str(caught.value)
    assert not folder.exists(), "no folder is made where a share should be"
    away.rename(folder)
    with Journal.open(kept) as journal:
        assert journal.counts().failed == 0, "a lost share is no file's fault"
    run(Batch(source, out, model="fake", journal=kept))
    assert digests(out) == right


def test_a_remote_server_that_stays_away(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Batch(source, tmp_path / "out", server="127.0.0.1:1", rules=QUICK)
    monkeypatch.setenv("FRISKET_TOKEN", "none")
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        run(batch)
    assert (batch.summary.waiting, batch.summary.failed) == (FILES, 0)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c(source: Path, tmp_path: Path, times: int) -> None:
    """Once: what is at work is finished. Twice: it leaves at once."""
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(source, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    events = (json.loads(line) for line in process.stdout)
    assert next(event for event in events if event["event"] == "artifact_written")
    process.send_signal(signal.SIGINT)
    if times == 2:
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
    drain = threading.Thread(target=lambda: list(events), daemon=True)
    drain.start()
    assert process.wait(60) == 130
    assert process.stderr is not None
    said = process.stderr.read()
    assert "Traceback" not in said
    assert "Interrupted" in said
    assert [path for path in results(out) if path.name.startswith(".")] == []
    for path in results(out):
        if path.suffix == ".png":
            Image.open(path).load()  # whole
    last = subprocess.run(command(source, out), capture_output=True, text=True, timeout=300)
    assert last.returncode == 0
    assert len(results(out)) == FILES
