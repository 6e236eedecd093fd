"""Videos and image sequences, from file to file over a real server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import Server
from video_kit import FRAMES, SIZE, count_sound, frames, read_video, times, write_video

from frisket.documents import Rect, open_document
from frisket.documents.encode.exr import ExrPlan
from frisket.documents.encode.exr import write_exr as write_exr_file
from frisket.documents.encode.png import PngPlan, write_png
from frisket.documents.io.output import atomic_output
from frisket.jobs import video
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.video import Progress, VideoResult, matte_video
from frisket.protocol.errors import FrisketError

pytest.importorskip("av", reason="PyAV is not installed")

WIDE, HIGH = SIZE
CUTOUT = VideoOptions(model="fake")
MATTE = VideoOptions(kind="matte", model="fake")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mkv")


def run(server: Server, source: Path, output: Path, how: VideoOptions = CUTOUT) -> VideoResult:
    with Connection(ServerChoice(), server.connect) as connection:
        return matte_video(source, output, how, connection=connection)


def read_pictures(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.png"))}


@pytest.mark.parametrize(
    ("suffix", "decoder", "least"), [(".mov", "", 12), (".webm", "libvpx-vp9", 24), (".mkv", "", 2)]
)
def test_a_cutout_keeps_alpha_frames_times_colours_and_sound(
    server: Server, clip: Path, tmp_path: Path, suffix: str, decoder: str, least: int
) -> None:
    output = tmp_path / f"out{suffix}"
    result = run(server, clip, output)
    shown, seconds, context = read_video(output, decoder)
    assert result.frames == len(shown) == FRAMES
    np.testing.assert_allclose(seconds, [time / 1000 for time in times()], atol=0.0011)
    assert (context.color_primaries, context.color_trc) == (1, 1)
    assert abs(count_sound(output) - count_sound(clip)) < 0.05
    for number, (rgba, original) in enumerate(zip(shown, frames(), strict=True)):
        middle = SIZE[0] // 2 + 2 * number
        assert rgba[SIZE[1] // 2, middle, 3] > 200
        assert rgba[2, middle, 3] < 40
        solid = rgba[..., 3] > 253
        assert np.abs(rgba[..., :3][solid] - original[solid].astype(int)).mean() < least
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_pictures_and_a_lossless_movie_hold_the_same_matte(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    run(server, clip, tmp_path / "m.%04d.png", MATTE)
    run(server, clip, tmp_path / "m.mkv", MATTE)
    pictures = [np.asarray(Image.open(tmp_path / f"m.{n:04}.png")) for n in range(1, FRAMES + 1)]
    assert pictures[0].dtype == np.uint16 or pictures[0].max() > 255
    import av

    with av.open(str(tmp_path / "m.mkv")) as container:
        movie = [frame.to_ndarray() for frame in container.decode(video=0)]
    for picture, frame in zip(pictures, movie, strict=True):
        np.testing.assert_array_equal(picture, frame)


def test_a_range_has_the_bytes_of_the_whole(server: Server, clip: Path, tmp_path: Path) -> None:
    short = replace(MATTE, segment=5)
    for name, how in (("whole", short), ("part", replace(short, first=7, last=12))):
        run(server, clip, tmp_path / name / "m.%03d.png", how)
    whole, part = read_pictures(tmp_path / "whole"), read_pictures(tmp_path / "part")
    assert list(part) == [f"m.{number:03}.png" for number in range(8, 13)]
    assert part.items() <= whole.items()


def end_at(count: int) -> Progress:
    """What ends a run when so many frames are done."""

    def end(stage: str, done: int, total: int) -> None:
        if done == count:
            raise KeyboardInterrupt

    return end


@pytest.mark.parametrize(
    ("name", "done", "resumed"), [("m.%03d.png", 10, 8), ("m.%03d.png", 2, 0), ("m.mkv", 10, 8)]
)
def test_a_run_that_was_ended_goes_on_with_the_same_bytes(
    server: Server, clip: Path, tmp_path: Path, name: str, done: int, resumed: int
) -> None:
    how, ended = replace(MATTE, segment=4), tmp_path / "ended" / name
    with Connection(ServerChoice(), server.connect) as connection:
        with pytest.raises(KeyboardInterrupt):
            matte_video(clip, ended, how, progress=end_at(done), connection=connection)
        assert name != "m.mkv" or not ended.exists()
        result = matte_video(clip, ended, how, connection=connection)
    run(server, clip, tmp_path / "once" / name, how)
    assert (result.frames, result.resumed) == (FRAMES, resumed)
    if name == "m.mkv":
        once, again = (read_video(tmp_path / run_ / name)[0] for run_ in ("once", "ended"))
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    else:
        assert read_pictures(tmp_path / "ended") == read_pictures(tmp_path / "once")
    assert not [path for path in ended.parent.iterdir() if path.name.startswith(".")]


def test_other_options_do_not_go_on_with_what_is_there(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    how, output = replace(MATTE, segment=4), tmp_path / "m.mkv"
    with Connection(ServerChoice(), server.connect) as connection:
        with pytest.raises(KeyboardInterrupt):
            matte_video(clip, output, how, progress=end_at(6), connection=connection)
        draft = matte_video(clip, output, replace(how, quality="draft"), connection=connection)
    assert draft.resumed == 0


def test_uneven_times_and_a_background_of_one_colour(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("pyvips", reason="libvips is not installed")
    clip = write_video(tmp_path / "uneven.mkv", uneven=True)
    output = tmp_path / "white.mp4"
    run(server, clip, output, VideoOptions(background="white", model="fake"))
    shown, seconds, _ = read_video(output)
    np.testing.assert_allclose(seconds, [time / 1000 for time in times(uneven=True)], atol=0.001)
    assert (shown[0][2, 2, :3] > 245).all()
    middle = shown[0][SIZE[1] // 2, SIZE[0] // 2, :3].astype(int)
    assert np.abs(middle - (220, 170, 60)).max() < 40


def test_another_video_is_the_background_again_and_again(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("pyvips", reason="libvips is not installed")
    levels = (40, 120, 200)
    flat = [np.full((50, 60, 3), level, np.uint8) for level in levels]
    behind = write_video(tmp_path / "behind.mkv", flat)
    clip = write_video(tmp_path / "clip.mkv", frames(7))
    how = VideoOptions(background=str(behind), model="fake", segment=2)
    for name, chosen in (("whole", how), ("part", replace(how, first=5))):
        run(server, clip, tmp_path / name / "c.%02d.png", chosen)
    whole, part = read_pictures(tmp_path / "whole"), read_pictures(tmp_path / "part")
    assert part.items() <= whole.items()
    for number in range(7):
        with open_document(tmp_path / "whole" / f"c.{number + 1:02}.png") as document:
            shown = document.raster(document.find_layer(None)).read(Rect(0, 0, WIDE, HIGH))
        assert np.abs(shown[1:4, 1:4].astype(int) / 257 - levels[number % 3]).max() < 3
        assert shown[HIGH // 2, WIDE // 2 + 2 * number, 0] > 180 * 257


def test_a_contact_strip_shows_the_result_also_of_an_ended_run(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    def end(stage: str, done: int, total: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    strip = tmp_path / "look.jpg"
    how = replace(CUTOUT, segment=4, preview=strip)
    with Connection(ServerChoice(), server.connect) as connection:
        with pytest.raises(KeyboardInterrupt):
            matte_video(clip, tmp_path / "c.mkv", how, progress=end, connection=connection)
        assert not strip.exists()
        matte_video(clip, tmp_path / "c.mkv", how, connection=connection)
    shown = np.asarray(Image.open(strip)).astype(int)
    assert shown.shape == (3 * HIGH, 4 * WIDE, 3)
    for row, column in ((0, 0), (1, 2), (2, 3)):
        one = shown[row * HIGH : (row + 1) * HIGH, column * WIDE : (column + 1) * WIDE]
        assert one[4, 4].min() > 140 and np.ptp(one[4, 4]) < 20, "squares"
        assert one[HIGH // 2, WIDE // 2 + 10, 2] < 110, "the disc"


def test_ten_bits_stay_deep_and_their_transfer_is_kept(server: Server, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "pq.mkv", frames(3), deep=True)
    run(server, clip, tmp_path / "pq.mov")
    context = read_video(tmp_path / "pq.mov")[2]
    assert context.pix_fmt == "yuva444p10le" or context.pix_fmt == "yuva444p12le"
    assert context.color_trc == 16


def test_time_code_is_kept_and_begins_with_the_range(server: Server, tmp_path: Path) -> None:
    import av

    clip = tmp_path / "coded.mov"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.metadata["timecode"] = "10:00:00:20"
        for rgb in frames(9):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    for first, code in ((0, "10:00:00:20"), (7, "10:00:01:02")):
        output = tmp_path / f"out{first}.mov"
        run(server, clip, output, replace(CUTOUT, first=first))
        with av.open(str(output)) as container:
            assert container.streams.video[0].metadata["timecode"] == code


def test_numbered_pictures_keep_their_numbers(server: Server, tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    for number, rgb in enumerate(frames(3), 1001):
        Image.fromarray(rgb).save(shots / f"shot.{number}.png")
    for name, first in ((".", None), ("shot.%04d.png", None), ("s*.png", 7)):
        out = tmp_path / f"out-{name[0]}-{first}"
        result = run(server, shots / name, out / "m.%04d.png", replace(MATTE, number=first))
        assert result.frames == 3
        numbers = range(first or 1001, (first or 1001) + 3)
        assert list(read_pictures(out)) == [f"m.{number:04}.png" for number in numbers]


def write_exr(folder: Path, light: np.ndarray, count: int) -> Path:
    """Pictures of light (height, width, 3), halves."""
    folder.mkdir()
    plan = ExrPlan(
        light.shape[1], light.shape[0], ("R", "G", "B"), np.dtype(np.float16),
        canvas=(0, 0, light.shape[1], light.shape[0]),
    )  # fmt: skip
    for number in range(1001, 1001 + count):
        with atomic_output(folder / f"shot.{number}.exr", plan.raw_bytes) as out:
            write_exr_file(out, plan, lambda first, last: light[first:last])
    return folder


def test_light_goes_through_as_it_was_also_brighter_than_white(
    server: Server, tmp_path: Path
) -> None:
    openimageio = pytest.importorskip("OpenImageIO", reason="OpenImageIO is not installed")
    light = (frames(1)[0] / np.float32(255)).astype(np.float16)
    light[40:50, 70:90] = 5.5
    run(server, write_exr(tmp_path / "in", light, 2), tmp_path / "out" / "c.%04d.exr")
    for number in (1001, 1002):
        buffer = openimageio.ImageBuf(str(tmp_path / "out" / f"c.{number}.exr"))
        assert tuple(buffer.spec().channelnames) == ("R", "G", "B", "A")
        found = buffer.get_pixels(openimageio.HALF)
        solid = found[..., 3] == 1
        assert solid[HIGH // 2, WIDE // 2]
        np.testing.assert_array_equal(found[..., :3][solid], light[solid])
        assert (found[..., :3][found[..., 3] == 0] == 0).all()


def test_sixteen_bits_of_a_png_come_back_as_they_were(server: Server, tmp_path: Path) -> None:
    deep = frames(1)[0].astype(np.uint16) * 257 + 11
    shots = tmp_path / "in"
    shots.mkdir()
    plan = PngPlan(WIDE, HIGH, 3, 16)
    with atomic_output(shots / "a.01.png", plan.raw_bytes) as out:
        write_png(out, plan, lambda first, last: deep[first:last])
    for suffix in ("png", "tif"):
        run(server, shots, tmp_path / suffix / f"c.%02d.{suffix}")
        with open_document(tmp_path / suffix / f"c.01.{suffix}") as document:
            raster = document.raster(document.find_layer(None))
            found = raster.read(Rect(0, 0, WIDE, HIGH))
        solid = found[..., 3] == 65535
        assert found.dtype == np.uint16 and solid[HIGH // 2, WIDE // 2]
        np.testing.assert_array_equal(found[..., :3][solid], deep[solid])


@pytest.mark.parametrize("suffix", ["tif", "exr"])
def test_mattes_and_finished_frames_as_other_pictures(
    server: Server, clip: Path, tmp_path: Path, suffix: str
) -> None:
    pytest.importorskip("pyvips", reason="libvips is not installed")
    pytest.importorskip("OpenImageIO", reason="OpenImageIO is not installed")
    kinds = {"m": MATTE, "w": VideoOptions(background="white", model="fake")}
    for name, how in kinds.items():
        run(server, clip, tmp_path / name / f"{name}.%02d.{suffix}", replace(how, last=2))
        with open_document(tmp_path / name / f"{name}.02.{suffix}") as document:
            layer = document.find_layer(None)
            srgb = document.raster(layer).read_srgb(Rect(0, 0, WIDE, HIGH))
        full = np.iinfo(srgb.dtype).max
        assert (srgb[2, 2, 0] > 0.9 * full) == (name == "w")
        assert srgb[HIGH // 2, WIDE // 2, 0] > 0.7 * full


def _sequence(folder: Path, numbers: tuple[int, ...], odd: int = 0) -> Path:
    folder.mkdir()
    for number in numbers:
        size = (100, 80) if number == odd else SIZE
        Image.fromarray(frames(1, size)[0]).save(folder / f"{number:03}.png")
    return folder


def _refuse(server: Server, source: Path, output: Path, how: VideoOptions = CUTOUT) -> str:
    with pytest.raises(FrisketError) as caught:
        run(server, source, output, how)
    return str(caught.value)


def test_bad_input_is_told_in_a_sentence(server: Server, clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all")
    cut_off = tmp_path / "cut.mkv"
    cut_off.write_bytes(clip.read_bytes()[:300])
    out = tmp_path / "o.mov"
    gap = _sequence(tmp_path / "gap", (1, 2, 4, 5))
    assert "no video that FFmpeg can read" in _refuse(server, text, out)
    assert str(cut_off) in _refuse(server, cut_off, out)
    assert "there is no such file" in _refuse(server, tmp_path / "none.mp4", out)
    assert "frame 3 is missing" in _refuse(server, gap, out)
    assert "100 × 80 pixels" in _refuse(server, _sequence(tmp_path / "odd", (1, 2, 3), 3), out)
    assert "holds no transparency" in _refuse(server, clip, tmp_path / "o.mp4")
    assert ".mov" in _refuse(server, clip, tmp_path / "o.avi")
    behind = _refuse(server, clip, out, replace(CUTOUT, first=500))
    assert "has no frame 500" in behind
    shutil.copy(clip, out)
    assert "exists already" in _refuse(server, clip, out)
    assert "the video itself" in _refuse(server, clip, clip, replace(CUTOUT, overwrite=True))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_truncated_file_gives_what_it_holds_and_a_word(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    cut_off, output = tmp_path / "cut.mkv", tmp_path / "out.mkv"
    cut_off.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    result = run(server, cut_off, output, MATTE)
    assert 1 <= result.frames == len(read_video(output)[0]) < FRAMES
    assert any("truncated" in note for note in result.notes)


def test_a_full_disk_leaves_what_is_whole_and_the_run_goes_on(
    server: Server, clip: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1400k", "tmpfs", str(small)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        how = replace(CUTOUT, segment=3)
        said = _refuse(server, clip, small / "o.mkv", how)
        assert "disk" in said and "frames are whole" in said
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        result = run(server, clip, small / "o.mkv", how)
        assert result.frames == FRAMES and 0 < result.resumed < FRAMES
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_playlist_leads_nowhere(server: Server, clip: Path, tmp_path: Path) -> None:
    shutil.copy(clip, tmp_path / "secret.mkv")
    playlist = tmp_path / "list.ffconcat"
    playlist.write_text("ffconcat version 1.0\nfile 'secret.mkv'\n")
    assert "no video that FFmpeg can read" in _refuse(server, playlist, tmp_path / "o.mov")


def test_sound_alone_is_no_video(server: Server, tmp_path: Path) -> None:
    import av

    path = tmp_path / "tone.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    assert "holds no video stream" in _refuse(server, path, tmp_path / "o.mov")


def test_python_gets_frames_and_mattes_as_arrays(server: Server, clip: Path) -> None:
    with Connection(ServerChoice(), server.connect) as connection:
        filed = [
            (frame, alpha)
            for frame, alpha in video.matte_frames(
                clip, replace(CUTOUT, last=3), depth=16, connection=connection
            )
        ]
        held = list(video.matte_frames(frames(3), CUTOUT, depth=16, connection=connection))
    for (frame, alpha), (same, like) in zip(filed, held, strict=True):
        assert alpha.dtype == np.uint16 and alpha.shape == frame.shape[:2]
        assert np.abs(frame.astype(int) - same).max() <= 3  # through YCbCr of 8 bits
        assert np.abs(alpha.astype(int) - like).mean() < 1500


@pytest.mark.parametrize(
    "wrong", [[], [np.zeros((4, 4), np.uint8)], [np.zeros((4, 4, 3), np.float32)]]
)
def test_arrays_that_are_no_frames_are_told(server: Server, wrong: list[np.ndarray]) -> None:
    with Connection(ServerChoice(), server.connect) as connection, pytest.raises(BadOption):
        list(video.matte_frames(wrong, CUTOUT, connection=connection))
