"""Puts the segments of a movie together as they are, with the sound of the source beside them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from frisket.documents import OutputError
from frisket.jobs.video.movie import CODECS, Codec
from frisket.jobs.video.pyav import load_av, open_video
from frisket.jobs.video.shape import Shape

Timed = tuple[Fraction, Any]
"""Seconds, and a packet to be written then."""


@dataclass(frozen=True)
class Part:
    """A file of `Movie`, and the time stamp of its first frame in the source."""

    path: Path
    pts: int


@dataclass(frozen=True)
class Sound:
    """Sound for a movie: the file it is from, and its seconds there; None for up to the end."""

    path: Path
    start: Fraction
    end: Fraction | None = None


def join(
    parts: Sequence[Part], output: Path, shape: Shape, sound: Sound | None, timecode: str = ""
) -> None:
    """Write parts one after another; nothing is encoded again but sound that cannot be held.

    Args:
        parts: at least one.
        output: the file; its suffix names the container.
        shape: of the frames.
        sound: what is heard; None for nothing.
        timecode: of the first frame; empty for none.

    Raises:
        OutputError: it cannot be written.
    """
    av = load_av(output)
    try:
        with ExitStack() as stack:
            container = stack.enter_context(av.open(str(output), "w"))
            streams = [_copy_frames(av, stack, container, parts, shape, timecode)]
            if sound is not None:
                codec = CODECS[output.suffix.lower()]
                streams.append(_copy_sound(stack, container, codec, sound))
            for _, packet in heapq.merge(*streams, key=lambda timed: timed[0]):
                container.mux(packet)
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", "") or error
        raise OutputError(output, f"cannot be written ({reason})") from None


def _copy_frames(
    av: Any, stack: ExitStack, container: Any, parts: Sequence[Part], shape: Shape, timecode: str
) -> Iterator[Timed]:
    first = stack.enter_context(av.open(str(parts[0].path)))
    template = first.streams.video[0]
    stream = container.add_stream_from_template(template)
    stream.time_base = shape.time_base
    stream.metadata.update(template.metadata)
    if timecode:
        # The muxer counts frames by it.
        stream.codec_context.framerate = shape.rate
        stream.metadata["timecode"] = timecode
    return _read_parts(av, stream, parts, shape.time_base)


def _read_parts(
    av: Any, stream: Any, parts: Sequence[Part], time_base: Fraction
) -> Iterator[Timed]:
    for part in parts:
        with av.open(str(part.path)) as file:
            for packet in file.demux(file.streams.video[0]):
                if packet.dts is None:
                    continue
                ticks = packet.time_base / time_base
                away = part.pts - parts[0].pts
                packet.pts = round(packet.pts * ticks) + away
                packet.dts = round(packet.dts * ticks) + away
                packet.duration = round(packet.duration * ticks)
                packet.time_base, packet.stream = time_base, stream
                yield packet.dts * time_base, packet


def _copy_sound(stack: ExitStack, container: Any, codec: Codec, sound: Sound) -> Iterator[Timed]:
    file = stack.enter_context(open_video(sound.path))
    heard = file.streams.audio[0]
    if heard.codec_context.name in codec.audio:
        stream = container.add_stream_from_template(heard)
        return _shift(file.demux(heard), stream, sound)
    rate = 48000 if codec.audio_else == "libopus" else heard.rate
    stream = container.add_stream(codec.audio_else, rate=rate)
    stream.layout = heard.layout
    return _encode(file.decode(heard), stream, sound)


def _shift(packets: Iterator[Any], stream: Any, sound: Sound) -> Iterator[Timed]:
    """Yield packets as they are, from the start on, which becomes time 0."""
    for packet in packets:
        if packet.dts is None or packet.pts is None:
            continue
        time = packet.pts * packet.time_base
        if time < sound.start or (sound.end is not None and time >= sound.end):
            continue
        away = round(sound.start / packet.time_base)
        packet.pts, packet.dts, packet.stream = packet.pts - away, packet.dts - away, stream
        yield time - sound.start, packet


def _encode(frames: Iterator[Any], stream: Any, sound: Sound) -> Iterator[Timed]:
    last = Fraction(0)
    for frame in frames:
        time = frame.pts * frame.time_base
        if time < sound.start or (sound.end is not None and time >= sound.end):
            continue
        frame.pts -= round(sound.start / frame.time_base)
        last = time - sound.start
        for packet in stream.encode(frame):
            yield last, packet
    for packet in stream.encode(None):
        yield last, packet
