"""Hints on the frames of a video, as the command takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import Server
from video_kit import SIZE, write_video

from frisket.client.options import Stroke
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.video import matte_video
from frisket.protocol.errors import FrisketError

pytest.importorskip("av", reason="PyAV is not installed")

WIDE, HIGH = SIZE
MIDDLE = WIDE // 2


def matte(server: Server, folder: Path, hints: dict[int, HintFiles]) -> list[np.ndarray]:
    """The mattes of four frames, whose disc is in the middle and moves right by two pixels."""
    clip = write_video(folder / "clip.mkv")
    how = VideoOptions("matte", model="fake", last=4, hints=hints)
    with Connection(ServerChoice(), server.connect) as connection:
        matte_video(clip, folder / "m.%d.png", how, connection=connection)
    return [np.asarray(Image.open(folder / f"m.{number}.png")) >> 8 for number in range(1, 5)]


def keep_right_half(folder: Path, size: tuple[int, int] = SIZE) -> Path:
    trimap = np.zeros(size[::-1], np.uint8)
    trimap[:, MIDDLE + 4 :] = 128
    Image.fromarray(trimap).save(folder / "trimap.png")
    return folder / "trimap.png"


def check_halves(mattes: list[np.ndarray]) -> None:
    for number, alpha in enumerate(mattes):
        left, right = (alpha[HIGH // 2, MIDDLE + 2 * number + away] for away in (-14, 14))
        assert right > 200, number
        assert left > 200 if number < 1 else left < 20, number


def test_a_trimap_holds_from_its_frame_on(server: Server, tmp_path: Path) -> None:
    check_halves(matte(server, tmp_path, {1: HintFiles(trimap=keep_right_half(tmp_path))}))


def test_a_scribble_holds_from_its_frame_on(server: Server, tmp_path: Path) -> None:
    line = Stroke(((MIDDLE - 14, 20), (MIDDLE - 14, HIGH - 20)), 14, False)
    check_halves(matte(server, tmp_path, {1: HintFiles(strokes=(line,))}))


def test_a_trimap_of_another_size_is_refused(server: Server, tmp_path: Path) -> None:
    wrong = keep_right_half(tmp_path, (WIDE + 2, HIGH))
    with pytest.raises(FrisketError, match="must be of the same size"):
        matte(server, tmp_path, {1: HintFiles(trimap=wrong)})
    assert not list(tmp_path.glob("m.*"))
