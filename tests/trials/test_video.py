"""kill -9 of a video's run and of its server, at any frame: the same frames, and nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lengths import pick
from trials.kit import chance, kill_server, posix, say
from video_kit import frames, read_video, write_video

pytestmark = posix

SEGMENT = 6
COUNT = pick(20, 120)
ROUNDS = pick(1, 8)
# The command writes nobody's progress into a pipe, and its segments have 250 frames.
PROGRAM = f"""
import sys
from pathlib import Path
from frisket.jobs import video

def tell(stage, done, total):
    print(stage, done, flush=True)

how = video.VideoOptions(kind="matte", model="fake", segment={SEGMENT})
found = video.matte_video(Path(sys.argv[1]), Path(sys.argv[2]), how, progress=tell)
print("finished", found.frames, found.resumed, flush=True)
"""


class Run:
    """A program that mattes a clip, and says after each frame how far it is.

    Attributes:
        said: its last words: a stage and how much of it is done.
    """

    def __init__(self, source: Path, output: Path, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(source), str(output)],
            env={**os.environ, "FRISKET_HOME": str(home)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: list[str] = []

    def reach(self, stage: str, done: int) -> bool:
        """Wait until it is so far; False where it ended first."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said = line.split()
            if self.said[0] == stage and int(self.said[1]) >= done:
                return True
        assert self._process.wait(120) == 0
        return False

    def kill_at(self, stage: str, done: int) -> bool:
        """Kill it once it is so far; False where it ended first."""
        self.reach(stage, done)
        self._process.kill()
        return self._process.wait() != 0

    def finish(self) -> tuple[int, int]:
        """Wait for its end; return how many frames it has, and how many were there before."""
        self.reach("nothing", 0)
        _, count, resumed = self.said
        return int(count), int(resumed)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """FRISKET_HOME, whose local server is killed at the end."""
    pytest.importorskip("av", reason="PyAV is not installed")
    yield tmp_path / "home"
    kill_server(tmp_path / "home")


def read_frames(output: Path) -> list[bytes]:
    if output.suffix == ".mkv":
        return [frame.tobytes() for frame in read_video(output)[0]]
    return [path.read_bytes() for path in sorted(output.parent.glob("*.png"))]


@pytest.mark.parametrize("name", ["m.mkv", "m.%03d.png"])
def test_whoever_is_killed_the_frames_are_the_same_and_nothing_is_left(
    home: Path, tmp_path: Path, name: str
) -> None:
    clip, dice, taken_over = write_video(tmp_path / "clip.mkv", frames(COUNT)), chance("video"), []

    def begin(folder: str) -> Run:
        (tmp_path / folder).mkdir(exist_ok=True)
        return Run(clip, tmp_path / folder / name, home)

    assert begin("once").finish() == (COUNT, 0)
    expected = read_frames(tmp_path / "once" / name)
    assert len(expected) == COUNT
    for folder in map(str, range(ROUNDS)):
        done = dice.randint(1, COUNT - 1)
        if begin(folder).kill_at("frames", done):
            run = begin(folder)
            if run.reach("frames", dice.randint(done, COUNT - 1)):
                kill_server(home)
            if run.kill_at("joining", 0):
                run = begin(folder)
            count, resumed = run.finish()
            assert count == COUNT
            assert resumed >= (done - 1) // SEGMENT * SEGMENT
            taken_over.append(resumed)
        assert read_frames(tmp_path / folder / name) == expected
        assert not [path for path in (tmp_path / folder).iterdir() if path.name.startswith(".")]
    say("killed videos", frames=COUNT, taken_over=taken_over)
