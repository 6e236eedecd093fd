"""When frames of a video are shown, and how wide their pixels are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from video_kit import encode, turn

from frisket.jobs.video.joining import Part, join
from frisket.jobs.video.movie import SQUARE, Movie
from frisket.jobs.video.source import open_source

pytest.importorskip("av", reason="PyAV is not installed")


@pytest.mark.parametrize(
    ("name", "between"), [("raw.h264", "0"), ("raw.h264", "2"), ("b.avi", "2")]
)
def test_frames_without_true_times_follow_one_another_at_the_rate(
    tmp_path: Path, name: str, between: str
) -> None:
    source = open_source(encode(tmp_path / name, "libx264", 40, bf=between))
    times = [frame.pts * source.shape.time_base for frame in source.read()]
    assert len(times) == 40
    assert np.allclose(np.diff(np.array(times, float)), 1 / 25, atol=0.002)
    assert [frame.pts * source.shape.time_base for frame in source.read(33)] == times[33:]


def test_a_clock_that_goes_back_is_gone_on_from(tmp_path: Path) -> None:
    clip = encode(tmp_path / "a.ts", "libx264", 30, bf="0").read_bytes()
    (tmp_path / "twice.ts").write_bytes(clip + clip)
    source = open_source(tmp_path / "twice.ts")
    times = [float(frame.pts * source.shape.time_base) for frame in source.read()]
    assert len(times) >= 58
    assert np.diff(times).min() > 0.03


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm", ".mp4"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_shape_of_a_pixel_is_kept(tmp_path: Path, suffix: str, turned: bool) -> None:
    path = encode(tmp_path / "a.mp4", "libx264", 3, aspect="64:45")
    if turned:
        path = turn(path)
    shape = open_source(path).shape
    assert shape.pixel_aspect == (Fraction(45, 64) if turned else Fraction(64, 45))
    part, out = tmp_path / f"part{suffix}", tmp_path / f"out{suffix}"
    with Movie(part, shape, "matte") as movie:
        movie.write(np.zeros((shape.height, shape.width), np.uint8), 0)
    join([Part(part, 0)], out, shape, None, print)
    kept = float(open_source(out).shape.pixel_aspect)
    assert kept == pytest.approx(1 if suffix in SQUARE else float(shape.pixel_aspect), rel=0.02)


def test_a_pixel_of_a_shape_that_cannot_be_is_square(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", "libx264", 3, aspect="1:400")
    assert open_source(path).shape.pixel_aspect == 1
