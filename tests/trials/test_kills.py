"""kill -9 of server and client in mid-session: the same bytes, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tifffile
from command import FRISKET
from lengths import pick
from trials.kit import chance, kill_server, posix, say
from trials.pictures import draw

pytestmark = posix

ROUNDS = pick(2, 4)


class Desk:
    """A user's home, a large TIFF and the command that cuts it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.temporary, self.work = (folder / name for name in ("home", "tmp", "work"))
        for each in (self.home, self.temporary, self.work):
            each.mkdir()
        self._environment = {
            **os.environ,
            "FRISKET_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
        }
        picture = draw(pick(8, 16), 2)
        tifffile.imwrite(
            self.work / "in.tif", picture, photometric="rgb", tile=(256, 256), compression="zlib"
        )

    def start(self, name: str) -> subprocess.Popen[str]:
        options = ("--as", "matte", "--quality", "high", "--no-progress", "--allow-empty")
        command = [*FRISKET, "cut", self.work / "in.tif", "-o", self.work / name, *options]
        return subprocess.Popen(
            [str(part) for part in command],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    kill_server(one.home)


def test_whoever_is_killed_the_bytes_are_the_same_and_nothing_is_left(desk: Desk) -> None:
    assert desk.start("cold.tif").wait(120) == 0
    started = time.perf_counter()
    assert desk.start("whole.tif").wait(120) == 0
    whole = time.perf_counter() - started
    expected, dice, lengths = (desk.work / "whole.tif").read_bytes(), chance("kills"), []
    for turn in range(ROUNDS):
        started = time.perf_counter()
        job = desk.start(f"out{turn}.tif")
        time.sleep(whole * dice.uniform(0.3, 0.85))
        if job.poll() is None:
            kill_server(desk.home)
        text = job.communicate(timeout=120)[0]
        lengths.append((time.perf_counter() - started) / whole)
        assert job.returncode == 0, text
        assert (desk.work / f"out{turn}.tif").read_bytes() == expected
    before = set(desk.work.iterdir())
    for turn in range(3):
        job = desk.start(f"killed{turn}.tif")
        time.sleep(whole * (0.3 + 0.2 * turn))
        job.kill()
        job.wait()
    say("kills", time_to_undisturbed=lengths, left=len(set(desk.work.iterdir()) - before))
    assert not list(desk.temporary.iterdir())
