"""What is read from videos and written to them, without a server."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from video_kit import HIGH, WIDE, encode, frames, read_video, turn, write_video

from frisket.cli.video import ROWS
from frisket.client.options import Point
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import ServerChoice
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.video.comparing import compare_sequences
from frisket.jobs.video.movie import Movie
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.shape import Shape
from frisket.jobs.video.source import open_source
from frisket.jobs.video.timecode import shift_timecode
from frisket.jobs.video.video import matte_video
from frisket.protocol.errors import FrisketError

av = pytest.importorskip("av", reason="PyAV is not installed")

DEEP = Shape(WIDE, HIGH, 16, Fraction(25), Fraction(1, 25), 1)


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


@pytest.mark.parametrize(
    ("background", "said"),
    [
        ("generate: a beach", "not generated anew for every frame: generate one with"),
        ("there/is/none.jpg", r"none\.jpg"),
        ("transparent", "background=transparent leaves nothing to finish"),
        ("spot(Gold, #b08d57)", r"background=spot\(Gold, #b08d57\) leaves nothing to finish"),
    ],
)
def test_a_background_that_cannot_be_is_refused_before_any_frame(
    tmp_path: Path, background: str, said: str
) -> None:
    clip, nowhere = encode(tmp_path / "b.mp4", "libx264"), ServerChoice("127.0.0.1:1")
    with pytest.raises(FrisketError, match=said) as caught:
        how = VideoOptions(background=background, server=nowhere)
        matte_video(clip, tmp_path / "out.mp4", how)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["b.mp4"]


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


@pytest.mark.parametrize(("kind", "channels"), [("finished", 3), ("cutout", 4)])
def test_prores_loses_little_even_of_noise(tmp_path: Path, kind: str, channels: int) -> None:
    pixels, path = noise(channels), tmp_path / "p.mov"
    with Movie(path, DEEP, kind) as movie:
        movie.write(pixels, 0)
    with av.open(str(path)) as container:
        [frame] = container.decode(video=0)
        shown = frame.to_ndarray(format="rgb48le")
    assert np.abs(shown.astype(int) - pixels[..., :3]).mean() <= 2 * 65535 / 1023


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


def test_a_picture_that_changes_its_size_is_told(tmp_path: Path) -> None:
    parts = [encode(tmp_path / "a.ts", "libx264", 12), tmp_path / "b.ts"]
    with av.open(str(parts[1]), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 80, "yuv420p"
        for rgb in frames(3, (128, 80)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    both = tmp_path / "ab.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(FrisketError, match="frame 12 is 128 × 80 pixels and those before it 64"):
        list(open_source(both).read())


def test_a_rotation_that_the_file_asks_for_is_done(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", "libx264", 3)
    source = open_source(turn(path))
    assert (source.shape.width, source.shape.height) == (HIGH, WIDE)
    for plain, frame in zip(open_source(path).read(), source.read(), strict=True):
        np.testing.assert_array_equal(frame.rgb, np.rot90(plain.rgb, -1))


@pytest.mark.parametrize(
    ("form", "codec", "suffix", "depth"),
    [
        ("gray", "ffv1", "mkv", 8),
        ("gray10le", "ffv1", "mkv", 16),
        ("yuv410p", "ffv1", "mkv", 8),
        ("argb", "qtrle", "mov", 8),
        ("yuv422p10le", "v210", "mov", 16),
        ("gbrp14le", "ffv1", "mkv", 16),
    ],
)
def test_odd_pixel_formats_are_read(
    tmp_path: Path, form: str, codec: str, suffix: str, depth: int
) -> None:
    [rgb] = frames(1, (WIDE, HIGH))
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, form
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=form)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = open_source(path)
    [read] = source.read()
    assert source.shape.depth == depth
    grey = read.rgb.astype(float).mean(axis=2) / (257 if depth == 16 else 1)
    assert np.abs(grey - rgb.mean(axis=2)).mean() < 25


def damage_frames(path: Path, places: tuple[int, ...]) -> None:
    """Wipe the heads of some frames of a video each of whose frames stands for itself."""
    with av.open(str(path)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
    held = bytearray(path.read_bytes())
    for place in places:
        held[packets[place].pos : packets[place].pos + 64] = bytes(64)
    path.write_bytes(held)


@pytest.mark.parametrize("lost", [(20,), (2, 44, 45), (0, 69)])
def test_damaged_frames_are_left_out_of_a_range_as_of_the_whole(
    tmp_path: Path, lost: tuple[int, ...]
) -> None:
    path = encode(tmp_path / "a.mp4", "mpeg4", g="1")
    damage_frames(path, lost)
    source = open_source(path)
    whole = {frame.place: frame for frame in source.read()}
    assert len(whole) == 70 - len(lost)
    [note] = source.notes
    assert "is damaged" in note
    for first in (40, 50):
        later = {frame.place: frame for frame in open_source(path).read(first)}
        assert list(later) == [place for place in whole if place >= first]
        for place, frame in later.items():
            assert frame.pts == whole[place].pts
            np.testing.assert_array_equal(frame.rgb, whole[place].rgb)


@pytest.mark.parametrize("lost", [(20,), (21, 43), (30, 31, 32)])
def test_frames_behind_damage_come_in_their_order(tmp_path: Path, lost: tuple[int, ...]) -> None:
    path = encode(tmp_path / "a.mp4", "libx264", bf="3", g="10")
    damage_frames(path, lost)
    read = list(open_source(path).read())
    assert 30 < len(read) <= 70
    for kind in ("place", "pts"):
        told = [getattr(frame, kind) for frame in read]
        assert told == sorted(set(told))


@pytest.mark.parametrize("keep", [0, 40, 200])
def test_what_is_cut_off_before_its_first_frame_is_told(tmp_path: Path, keep: int) -> None:
    path = encode(tmp_path / "a.mp4", "libx264", 3)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FrisketError, match="no video that FFmpeg can read, or is truncated"):
        open_source(cut)


def test_hints_are_read_with_their_frames() -> None:
    rows = {row.name: row for row in ROWS}
    assert rows["point"].read("12:-3,4") == (12, (3, 4, False))
    assert rows["box"].read("0:1,2,3,4") == (0, (1, 2, 3, 4))
    for text in ("1,2", "x:1,2", ":1,2", "-1:1,2", "3:1"):
        with pytest.raises(ValueError, match=r"does not begin with a frame|is not"):
            rows["point"].read(text)


@pytest.mark.parametrize(
    ("place", "said", "words"),
    [
        (9, HintFiles(points=(Point(3, 3),)), "frame 9, which is not worked on"),
        (1, HintFiles(boxes=((0, 0, 0, 9),)), "The box"),
        (1, HintFiles(points=(Point(9999, 3),)), "outside"),
    ],
)
def test_hints_that_no_frame_has_are_told(
    tmp_path: Path, place: int, said: HintFiles, words: str
) -> None:
    source = open_source(write_video(tmp_path / "a.mkv", frames(5)))
    with pytest.raises(FrisketError, match=words):
        VideoOptions(hints={place: said}, last=5).place_hints(source)


DROPPING = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("code", "frames_on", "rate", "later"),
    [
        ("10:00:00:00", 26, Fraction(25), "10:00:01:01"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:00:59;29", 1, DROPPING, "00:01:00;02"),
        ("00:09:59;29", 1, DROPPING, "00:10:00;00"),
        ("00:00:00;00", 17982, DROPPING, "00:10:00;00"),
        ("00:00:59;59", 1, 2 * DROPPING, "00:01:00;04"),
        ("23:59:59;29", 1, DROPPING, "00:00:00;00"),
        ("no code", 1, Fraction(25), ""),
        ("1:2:3:4", 1, Fraction(25), ""),
    ],
)
def test_time_code_goes_on(code: str, frames_on: int, rate: Fraction, later: str) -> None:
    assert shift_timecode(code, frames_on, rate) == later


@given(first=st.integers(0, 200_000), second=st.integers(0, 200_000), drops=st.booleans())
def test_time_code_adds_up(first: int, second: int, drops: bool) -> None:
    rate = DROPPING if drops else Fraction(24)
    start = "09:58:07;11" if drops else "09:58:07:11"
    step = shift_timecode(shift_timecode(start, first, rate), second, rate)
    assert step == shift_timecode(start, first + second, rate)
    assert shift_timecode(start, 0, rate) == start
