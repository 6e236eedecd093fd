"""Puts the segments of a movie together as they are, with the sound of the source beside them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from frisket.documents import OutputError
from frisket.jobs.video.movie import CODECS
from frisket.jobs.video.pyav import load_av
from frisket.jobs.video.shape import Shape
from frisket.jobs.video.sound import Sound, Timed, copy_sound


@dataclass(frozen=True)
class Part:
    """A file of `Movie`, and the time stamp of its first frame in the source."""

    path: Path
    pts: int


def join(
    parts: Sequence[Part],
    output: Path,
    shape: Shape,
    sound: Sound | None,
    tell: Callable[[str], None],
    timecode: str = "",
) -> None:
    """Write parts one after another; nothing is encoded again but sound that cannot be held.

    Args:
        parts: at least one.
        output: the file; its suffix names the container.
        shape: of the frames.
        sound: what is heard; None for nothing.
        tell: takes a sentence for the user where sound is lost.
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
                streams.append(copy_sound(stack, container, codec, sound, tell))
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
    stream.codec_context.sample_aspect_ratio = shape.pixel_aspect
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
