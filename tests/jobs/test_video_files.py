"""What is read from videos and written to them, without a server."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from video_kit import frames, read_video, write_video

from frisket.cli.video import ROWS
from frisket.jobs.choices import BadOption
from frisket.jobs.video.comparing import compare_sequences
from frisket.jobs.video.movie import Movie
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.shape import Shape
from frisket.jobs.video.source import open_source

av = pytest.importorskip("av", reason="PyAV is not installed")

WIDE, HIGH = 64, 48
DEEP = Shape(WIDE, HIGH, 16, Fraction(25), Fraction(1, 25), 1)


def encode(path: Path, codec: str, count: int = 70, **options: str) -> Path:
    """Write a clip as other programs do, with frames that need others."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for rgb in frames(count, (WIDE, HIGH)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def noise(channels: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 65536, (HIGH, WIDE, channels), np.uint16)


CLIPS = {
    "b.mp4": ("libx264", {"bf": "3", "g": "20"}),
    "open.mkv": ("libx264", {"bf": "3", "g": "20", "x264-params": "open-gop=1"}),
    "b.ts": ("libx264", {"bf": "2", "g": "25"}),
    "packed.avi": ("mpeg4", {"bf": "2"}),
    "v.webm": ("libvpx-vp9", {"crf": "40", "b": "0", "deadline": "realtime"}),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_range_that_is_sought_has_the_frames_of_the_whole(tmp_path: Path, name: str) -> None:
    codec, options = CLIPS[name]
    source = open_source(encode(tmp_path / name, codec, **options))
    whole = list(source.read())
    assert len(whole) == 70
    for first in (33, 47, 69):
        for frame in itertools.islice(source.read(first), 3):
            like = whole[frame.place]
            assert frame.pts == like.pts
            np.testing.assert_array_equal(frame.rgb, like.rgb)
    assert [frame.place for frame in source.read(67)] == [67, 68, 69]
    assert list(source.read(70)) == []


def test_a_time_is_the_frame_that_is_shown_then(tmp_path: Path) -> None:
    source = open_source(encode(tmp_path / "b.mp4", "libx264", bf="2"))
    places = [source.find_place(Fraction(time)) for time in ("0", "0.04", "0.05", "2", "99")]
    assert places == [0, 1, 2, 50, 70]
    chosen = VideoOptions(start=Fraction("0.05"), end=Fraction(2)).find_range(source)
    assert (chosen.first, chosen.last) == (2, 50)
    with pytest.raises(BadOption, match="No frame lies"):
        VideoOptions(start=Fraction("0.01"), end=Fraction("0.02")).find_range(source)


@pytest.mark.parametrize(
    "how",
    [{"start": Fraction(2), "end": Fraction(1)}, {"first": 3, "start": Fraction(1)}],
)
def test_ranges_that_make_no_sense(how: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        VideoOptions(**how)


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:01:02.5", 62.5), ("62.5", 62.5), ("1:02", 62), ("1:00:00", 3600)]
)
def test_times_are_read(text: str, seconds: float) -> None:
    [row] = [row for row in ROWS if row.name == "from"]
    assert row.read(text) == seconds


@pytest.mark.parametrize("text", ["", "a", "1:", "-3", "1:2:3:4", "1:-2", "1/0"])
def test_times_that_are_none(text: str) -> None:
    [row] = [row for row in ROWS if row.name == "from"]
    with pytest.raises(ValueError, match="is no time"):
        row.read(text)


def test_interlaced_frames_are_told_and_made_whole(tmp_path: Path) -> None:
    path = encode(tmp_path / "i.mkv", "libx264", **{"x264-params": "tff=1:interlaced=1"})
    told, made = open_source(path), open_source(path, deinterlace=True)
    assert "interlaced" in told.notes[0] and "--deinterlace" in told.notes[0]
    assert made.notes == []
    plain, whole = list(told.read()), list(made.read())
    assert [frame.pts for frame in whole] == [frame.pts for frame in plain]
    assert not np.array_equal(whole[20].rgb, plain[20].rgb)
    for frame in itertools.islice(made.read(40), 5):
        np.testing.assert_array_equal(frame.rgb, whole[frame.place].rgb)


@pytest.mark.parametrize(("kind", "channels"), [("finished", 3), ("cutout", 4)])
def test_ffv1_gives_every_sample_back(tmp_path: Path, kind: str, channels: int) -> None:
    pixels, path = noise(channels), tmp_path / "lossless.mkv"
    with Movie(path, DEEP, kind) as movie:
        movie.write(pixels, 0)
    with av.open(str(path)) as container:
        [frame] = container.decode(video=0)
        form = "rgb48le" if channels == 3 else "rgba64le"
        np.testing.assert_array_equal(frame.to_ndarray(format=form), pixels)


def test_prores_keeps_alpha_within_a_level_of_1023(tmp_path: Path) -> None:
    pixels, path = noise(4), tmp_path / "p.mov"
    with Movie(path, DEEP, "cutout") as movie:
        movie.write(pixels, 0)
    with av.open(str(path)) as container:
        [frame] = container.decode(video=0)
        alpha = frame.to_ndarray(format="rgba64le")[..., 3]
    assert np.abs(alpha.astype(int) - pixels[..., 3]).max() <= 65535 / 1023


def test_vp9_keeps_alpha_near_what_it_was(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, WIDE, dtype=np.uint8), (HIGH, 1))
    path = tmp_path / "v.webm"
    with Movie(path, DEEP, "cutout") as movie:
        movie.write(np.dstack([np.full((HIGH, WIDE, 3), 90, np.uint8), ramp]), 0)
    [shown], _, _ = read_video(path, "libvpx-vp9")
    assert np.abs(shown[..., 3].astype(int) - ramp).mean() < 3


def test_dpx_is_read_as_it_is(tmp_path: Path) -> None:
    pixels = noise(3)
    for number in (7, 8):
        with av.open(str(tmp_path / f"s.{number:04}.dpx"), "w", format="image2") as container:
            stream: Any = container.add_stream("dpx", rate=24)
            stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "rgb48be"
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le")
            container.mux(stream.encode(frame.reformat(format="rgb48be")))
            container.mux(stream.encode(None))
    source = open_source(tmp_path / "s.%04d.dpx")
    assert source.first_number == 7
    for frame in source.read():
        np.testing.assert_array_equal(frame.rgb, pixels)


def compare(first: Path, second: Path) -> list[str]:
    return [str(one) for one in compare_sequences(first, second)]


def test_what_differs_between_two_videos_is_told_frame_by_frame(tmp_path: Path) -> None:
    shown = frames(5)
    one = write_video(tmp_path / "a.mkv", shown)
    assert compare(one, write_video(tmp_path / "b.mkv", shown)) == []
    other = [*shown[:3], shown[0], shown[4]]
    [said] = compare(one, write_video(tmp_path / "c.mkv", other))
    assert said.startswith("frame 3, pixels: changed (by at most")
    short = compare(one, write_video(tmp_path / "d.mkv", shown[:4], sound=False))
    assert short == ["sound: changed (with → without)", "frame 4 and those after it: removed"]
    uneven = compare(one, write_video(tmp_path / "e.mkv", shown, uneven=True))
    assert "frame 1, time: changed (0.04 s → 0.07 s)" in uneven


def test_what_differs_between_two_sequences_is_told_by_number(tmp_path: Path) -> None:
    for name, numbers in (("a", (1, 2, 3)), ("b", (2, 3, 4))):
        (tmp_path / name).mkdir()
        for number in numbers:
            rgb = frames(1)[0] + (name == "b" and number == 3)
            Image.fromarray(rgb).save(tmp_path / name / f"{number}.png")
    said = compare(tmp_path / "a", tmp_path / "b" / "%d.png")
    assert said[0] == "frame 1: removed" and said[-1] == "frame 4: added"
    assert len(said) > 2 and all(one.startswith("frame 3, ") for one in said[1:-1])
    assert compare(tmp_path / "a", write_video(tmp_path / "a.mkv")) == [
        "kind: changed (a video and numbered pictures)"
    ]
