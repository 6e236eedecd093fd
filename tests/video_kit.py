"""Small videos with a disc that moves, written by PyAV."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from serving import noisy_disc

SIZE = (160, 96)
FRAMES = 13
TIME_BASE = Fraction(1, 1000)
WIDE, HIGH = 64, 48
"""Pixels of a clip of `encode`."""


def frames(count: int = FRAMES, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    disc = noisy_disc(*size)
    return [np.ascontiguousarray(np.roll(disc, 2 * number, axis=1)) for number in range(count)]


def times(count: int = FRAMES, uneven: bool = False) -> list[int]:
    """Milliseconds at which frames are shown."""
    steps = [(30 if number % 2 else 70) if uneven else 40 for number in range(count)]
    return [sum(steps[:number]) for number in range(count)]


def write_video(
    path: Path,
    pictures: list[np.ndarray] | None = None,
    uneven: bool = False,
    sound: bool = True,
    deep: bool = False,
) -> Path:
    """Write a video, FFV1 in Matroska, with a tone beside it."""
    import av

    pictures = frames() if pictures is None else pictures
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv444p10le" if deep else "yuv444p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_range = 1, 1, 1
        context.color_trc = 16 if deep else 1
        tone: Any = container.add_stream("flac", rate=48000, layout="mono") if sound else None
        for rgb, time in zip(pictures, times(len(pictures), uneven), strict=True):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=1)
            frame.pts, frame.time_base = time, TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            _write_tone(container, tone, len(pictures) * 48000 // 25)
    return path


def _write_tone(container: Any, stream: Any, samples: int) -> None:
    import av

    wave = (np.sin(np.arange(samples) * 0.05) * 9000).astype(np.int16)
    for start in range(0, samples, 4096):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 4096], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def encode(path: Path, codec: str, count: int = 70, aspect: str = "1:1", **options: str) -> Path:
    """Write a clip as other programs do, with frames that need others."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.codec_context.sample_aspect_ratio = Fraction(aspect.replace(":", "/"))
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for rgb in frames(count, (WIDE, HIGH)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def turn(path: Path) -> Path:
    """An MP4 that asks to be shown turned by a quarter, beside one."""
    data = bytearray(path.read_bytes())
    place = data.find(b"tkhd") + 4 + 4 + 20 + 16
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[place : place + 36] = struct.pack(">9i", *quarter)
    turned = path.with_stem("turned")
    turned.write_bytes(bytes(data))
    return turned


def read_video(path: Path, decoder: str = "") -> tuple[list[np.ndarray], list[float], Any]:
    """The frames of a video as RGBA, their seconds, and its stream's context."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = av.CodecContext.create(decoder, "r") if decoder else stream.codec_context
        packets = [packet for packet in container.demux(stream) if packet.dts is not None]
        found = [frame for packet in packets for frame in context.decode(packet)]
        found += context.decode(None)
        seconds = [float(packet.pts * packet.time_base) for packet in packets]
        shown = [frame.to_ndarray(format="rgba") for frame in found]
        return shown, sorted(seconds), stream.codec_context


def count_sound(path: Path) -> float:
    """Seconds of sound in a video."""
    import av

    with av.open(str(path)) as container:
        heard = container.decode(audio=0)
        return sum(frame.samples / frame.sample_rate for frame in heard)
