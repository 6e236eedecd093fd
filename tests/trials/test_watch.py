"""Hot folders under rough uploads and kills: no file half-read, none twice, none lost."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from command import FRISKET
from lengths import pick
from PIL import Image
from trials.kit import chance, posix, say

from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import State

pytestmark = posix

UPLOADS, KILLS = pick((30, 3), (1000, 20))
PICTURES = 8
# How a client uploads; each ends with a whole picture of its name.
WAYS = ("at once", "slowly", "renamed", "replaced", "truncated")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A FRISKET_HOME of its own, whose servers end with the trials."""
    folder = tmp_path_factory.mktemp("watched") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRISKET_HOME", str(folder))
        for name in ("TOKEN", "MODEL", "SERVER", "DEVICE", "QUALITY"):
            patch.delenv(f"FRISKET_{name}", raising=False)
        yield folder
    for state in folder.glob("run/server*.json"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Small pictures in files of some kilobytes, each with another result."""
    found = []
    for seed in range(PICTURES):
        grain = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(grain).save(file, "PNG" if seed % 2 else "JPEG", quality=95)
        found.append(file.getvalue())
    return found


@pytest.fixture(scope="module")
def right(home: Path, pictures: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The digest of the result of each picture, from a batch that nobody disturbs."""
    folder = tmp_path_factory.mktemp("right")
    (folder / "in").mkdir()
    for number, data in enumerate(pictures):
        (folder / "in" / f"{number}{suffix(number)}").write_bytes(data)
    words = ["batch", folder / "in", "-o", folder / "out", "-m", "fake", "--as", "matte", "-q"]
    subprocess.run([*FRISKET, *words], check=True, timeout=300)
    return [digest(folder / "out" / f"{number}-matte.png") for number in range(len(pictures))]


def suffix(picture: int) -> str:
    return ".png" if picture % 2 else ".jpg"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Upload:
    """One file as a client sends it: under this name, this picture, in this way."""

    name: str
    picture: int
    first: int
    way: str


def plan_uploads(dice: random.Random) -> list[Upload]:
    uploads = []
    for number in range(UPLOADS):
        picture = dice.randrange(PICTURES)
        # What is replaced was a picture of the same suffix, and another one.
        first = (picture + 2 * dice.randrange(1, PICTURES // 2)) % PICTURES
        folder = dice.choice(("", "a/", "a/b/"))
        name = f"{folder}{number:04}{suffix(picture)}"
        uploads.append(Upload(name, picture, first, dice.choice(WAYS)))
    return uploads


class Client(threading.Thread):
    """Uploads files one after another, roughly, as several at once do."""

    def __init__(
        self, folder: Path, uploads: list[Upload], pictures: list[bytes], dice: random.Random
    ) -> None:
        super().__init__(daemon=True)
        self._folder, self._uploads, self._pictures, self._dice = folder, uploads, pictures, dice

    def run(self) -> None:
        for upload in self._uploads:
            self._send(upload)

    def _send(self, upload: Upload) -> None:
        path, data = self._folder / upload.name, self._pictures[upload.picture]
        path.parent.mkdir(parents=True, exist_ok=True)
        if upload.way == "slowly":
            self._write_slowly(path, data)
        elif upload.way == "renamed":
            part = path.with_name(path.name + self._dice.choice((".part", ".tmp", ".crdownload")))
            self._write_slowly(part, data)
            part.rename(path)
        elif upload.way == "replaced":
            path.write_bytes(self._pictures[upload.first])
            time.sleep(self._dice.uniform(0, 0.4))
            path.write_bytes(data)
        elif upload.way == "truncated":
            # The connection is lost, and the client sends the file again.
            path.write_bytes(data[: self._dice.randrange(1, len(data) - 16)])
            time.sleep(self._dice.uniform(0, 0.4))
            path.write_bytes(data)
        else:
            path.write_bytes(data)

    def _write_slowly(self, path: Path, data: bytes) -> None:
        step = len(data) // 4 + 1
        with path.open("wb") as file:
            for place in range(0, len(data), step):
                file.write(data[place : place + step])
                file.flush()
                time.sleep(self._dice.uniform(0, 0.1))


class Watcher:
    """`frisket watch` in a process of its own, whose events are kept."""

    def __init__(self, folder: Path, out: Path, *options: str) -> None:
        rest = ["--poll", "0.1", "--settle", "2", "--events", "-q", *options]
        words = ["watch", str(folder), "-o", str(out), "-m", "fake", "--as", "matte", *rest]
        self.process = subprocess.Popen([*FRISKET, *words], stdout=subprocess.PIPE, text=True)
        self.written: list[tuple[str, str]] = []
        self.failed: list[str] = []
        self.begun = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):  # the last line of a process that was killed
                told = json.loads(line)
                self.begun.set()
                if told["event"] == "artifact_written":
                    self.written.append((told["input"], told["output"]))
                elif told["event"] == "failed":
                    self.failed.append(told["error"])

    def stop(self) -> int:
        assert self.begun.wait(60)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(120)
        self._reader.join(10)
        return status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)
        self._reader.join(10)


def wait_for(what: object, limit_s: float, watcher: Watcher) -> None:
    """Wait until something is so; fail where it does not come."""
    assert callable(what)
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "it did not come"
        assert watcher.process.poll() is None, "the watch ended"
        time.sleep(0.2)


def results(out: Path) -> dict[str, str]:
    found = (path for path in out.rglob("*") if path.is_file())
    shown = [path for path in found if not is_hidden(path, out)]
    return {path.relative_to(out).as_posix(): digest(path) for path in shown}


def is_hidden(path: Path, out: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(out).parts)


def list_debris(out: Path) -> list[Path]:
    """What is half-written, and would be left."""
    return [path for path in out.rglob(".*") if path.name != ".frisket"]


def expect(uploads: list[Upload], right: list[str]) -> dict[str, str]:
    named = ((Path(one.name), one) for one in uploads)
    return {
        path.with_name(f"{path.stem}-matte.png").as_posix(): right[one.picture]
        for path, one in named
    }


def count_changed(uploads: list[Upload]) -> int:
    """How many may rightly be made twice: their first picture was whole and stood still."""
    return sum(one.way == "replaced" for one in uploads)


@pytest.mark.parametrize("moves", [False, True], ids=["stay", "move"])
def test_rough_uploads(
    home: Path, pictures: list[bytes], right: list[str], tmp_path: Path, moves: bool
) -> None:
    dice = chance(f"uploads {moves}")
    uploads = plan_uploads(dice)
    out, root = tmp_path / "out", tmp_path / "shop"
    incoming = root / "in" if moves else root
    incoming.mkdir(parents=True)
    started = time.monotonic()
    watcher = Watcher(root, out, *(["--move"] if moves else []))
    shares = [uploads[number::4] for number in range(4)]
    clients = [Client(incoming, share, pictures, random.Random(dice.random())) for share in shares]
    for client in clients:
        client.start()
    wanted = expect(uploads, right)
    for client in clients:
        client.join(900)
    wait_for(lambda: results(out) == wanted, 60 + UPLOADS, watcher)
    assert watcher.stop() == 130
    assert watcher.failed == [], "none was half-read"
    assert results(out) == wanted, "none is lost, and each is of its last content"
    replaced = {one.name for one in uploads if one.way == "replaced"}
    times = count_times(watcher.written)
    twice = {name for name, number in times.items() if number > 1}
    allowed = {Path(name).with_suffix("").as_posix() for name in replaced}
    assert {name.removesuffix("-matte.png") for name in twice} <= allowed, "none twice"
    assert all(number <= 2 for number in times.values())
    check_journal(out, len(wanted))
    if moves:
        for name in ("in", "failed"):
            assert [path for path in (root / name).rglob("*") if path.is_file()] == []
        done = [path for path in (root / "done").rglob("*") if path.is_file()]
        assert len(done) == len(watcher.written), "an original for each result that was made"
    say(
        f"hot folder, originals {'move' if moves else 'stay'}",
        uploads=len(uploads),
        made=len(watcher.written),
        of_replaced_twice=f"{len(twice)} of {count_changed(uploads)}",
        seconds=time.monotonic() - started,
    )


def count_times(written: list[tuple[str, str]]) -> dict[str, int]:
    """How often each result was written, by its path below `out`."""
    times: dict[str, int] = {}
    for _, output in written:
        name = output.rpartition("/out/")[2]
        times[name] = times.get(name, 0) + 1
    return times


def check_journal(out: Path, number: int) -> None:
    assert list_debris(out) == []
    with Journal.open(out / ".frisket") as journal:
        assert journal.counts().done == number
        assert [row for row in journal.rows() if row.state is not State.DONE] == []


@pytest.mark.parametrize("moves", [False, True], ids=["stay", "move"])
def test_a_watch_that_is_killed_again_and_again(
    home: Path, pictures: list[bytes], right: list[str], tmp_path: Path, moves: bool
) -> None:
    dice = chance(f"killed watch {moves}")
    uploads = [one for one in plan_uploads(dice) if one.way != "replaced"]
    out, root = tmp_path / "out", tmp_path / "shop"
    incoming = root / "in" if moves else root
    incoming.mkdir(parents=True)
    client = Client(incoming, uploads, pictures, random.Random(dice.random()))
    client.start()
    options = ["--move"] if moves else []
    seen: dict[str, tuple[int, int]] = {}
    for _ in range(KILLS):
        seen = kill_at_work(Watcher(root, out, *options), out, seen, dice.uniform(0, 0.8))
    client.join(900)
    watcher = Watcher(root, out, *options)
    wanted = expect(uploads, right)
    wait_for(lambda: results(out) == wanted, 60 + UPLOADS, watcher)
    if moves:
        done = root / "done"
        wait_for(lambda: sum(one.is_file() for one in done.rglob("*")) == len(uploads), 60, watcher)
    assert watcher.stop() == 130
    assert {name: one for name, one in marks(out).items() if name in seen} == seen
    check_journal(out, len(wanted))
    say(
        f"killed watch, originals {'move' if moves else 'stay'}",
        files=len(uploads),
        kills=KILLS,
        done_before_the_last=len(seen),
    )


def kill_at_work(
    watcher: Watcher, out: Path, seen: dict[str, tuple[int, int]], after_s: float
) -> dict[str, tuple[int, int]]:
    """Kill a watch while results are made, not only while it starts; return what is there."""
    end = time.monotonic() + 30
    while not watcher.written and len(marks(out)) <= len(seen) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(after_s)
    watcher.kill()
    assert watcher.failed == []
    now = marks(out)
    assert {name: now[name] for name in seen} == seen, "nothing is written twice"
    return now


def count_files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def marks(out: Path) -> dict[str, tuple[int, int]]:
    """What would change if a result were written again."""
    found = [path for path in out.rglob("*-matte.png") if path.is_file()]
    states = {path.relative_to(out).as_posix(): path.stat() for path in found}
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in states.items()}
