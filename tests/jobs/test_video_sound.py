"""Sound beside new frames: whatever it is, it is written, and stays with its frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frisket.jobs.video.joining import Part, join
from frisket.jobs.video.movie import CUTOUT, FINISHED, Movie
from frisket.jobs.video.shape import Shape
from frisket.jobs.video.sound import Sound

av = pytest.importorskip("av", reason="PyAV is not installed")

SECONDS, CLICK = 4, 3.0
FULL = {"s16": 1 << 15, "s32": 1 << 31, "flt": 1}
SHAPE = Shape(32, 24, 8, Fraction(25), Fraction(1, 25), SECONDS * 25)


def write_sound(path: Path, codec: str, layout: str = "stereo", rate: int = 48000) -> Path:
    """Noise that is hardly heard, and a click after three of four seconds."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = layout
        samples = np.random.default_rng(2).integers(-9, 9, (1, SECONDS * rate)).astype(np.int16)
        samples[:, int(CLICK * rate) : int((CLICK + 0.05) * rate)] = 20000
        channels = av.AudioLayout(layout).nb_channels
        for start in range(0, samples.shape[1], rate // 10):
            part = np.repeat(samples[:, start : start + rate // 10].T, channels).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, "s16", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def join_with(sound: Sound, output: Path) -> list[str]:
    """Write a black movie with a sound; what is told of it."""
    part = output.with_name(f"part{output.suffix}")
    kind = FINISHED if output.suffix == ".mp4" else CUTOUT
    rgb = np.zeros((SHAPE.height, SHAPE.width, 3 if kind == FINISHED else 4), np.uint8)
    with Movie(part, SHAPE, kind) as movie:
        for place in range(SHAPE.count):
            movie.write(rgb, place)
    told: list[str] = []
    join([Part(part, 0)], output, SHAPE, sound, told.append)
    return told


def find_click(path: Path) -> tuple[float, Any]:
    """When the click is heard, and how the sound is held."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            samples = frame.to_ndarray().astype(float)
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            loud = np.abs(samples).max(axis=0) / FULL[frame.format.packed.name]
            if loud.max() > 0.3:
                at = int(np.argmax(loud > 0.3))
                return float(frame.pts * frame.time_base) + at / frame.sample_rate, stream
    raise AssertionError("there is no click")


@pytest.mark.parametrize("suffix", [".webm", ".mov", ".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("name", "codec", "layout", "rate"),
    [
        ("side.mkv", "ac3", "5.1(side)", 48000),
        ("high.mkv", "flac", "stereo", 192000),
        ("old.wav", "pcm_u8", "mono", 11025),
        ("ring.wav", "pcm_s32le", "hexagonal", 96000),
    ],
)
def test_any_sound_is_written_beside_the_frames(
    tmp_path: Path, name: str, codec: str, layout: str, rate: int, suffix: str
) -> None:
    source = write_sound(tmp_path / name, codec, layout, rate)
    assert join_with(Sound(source, Fraction(0)), tmp_path / f"out{suffix}") == []
    at, stream = find_click(tmp_path / f"out{suffix}")
    assert at == pytest.approx(CLICK, abs=0.05)
    assert stream.layout.nb_channels == av.AudioLayout(layout).nb_channels


@pytest.mark.parametrize("suffix", [".webm", ".mov", ".mp4"])
def test_sound_that_is_damaged_is_silent_there_and_stays_with_its_frames(
    tmp_path: Path, suffix: str
) -> None:
    source = write_sound(tmp_path / "a.mkv", "flac")
    with av.open(str(source)) as container:
        packets = [one for one in container.demux(audio=0) if one.size]
    held = bytearray(source.read_bytes())
    for packet in packets:
        if 1 <= packet.pts * packet.time_base < 2:
            held[packet.pos + 16 : packet.pos + packet.size] = bytes(packet.size - 16)
    source.write_bytes(held)
    [told] = join_with(Sound(source, Fraction(0)), tmp_path / f"out{suffix}")
    assert "The sound of" in told and "is damaged" in told
    assert find_click(tmp_path / f"out{suffix}")[0] == pytest.approx(CLICK, abs=0.05)
