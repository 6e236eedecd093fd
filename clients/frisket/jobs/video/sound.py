"""The sound of a source beside new frames: as it is where the container holds it, else encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from frisket.jobs.video.movie import Codec
from frisket.jobs.video.pyav import load_av, open_video

Timed = tuple[Fraction, Any]
"""Seconds, and a packet to be written then."""
_RATE = 48000  # samples a second, which every encoder here takes
_GAP = Fraction(1, 50)  # seconds that clocks of files differ by without a loss
_LONGEST_GAP = 600  # seconds; beyond it the file's clock has jumped
_USUAL = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@dataclass(frozen=True)
class Sound:
    """Sound for a movie: the file it is from, and its seconds there; None for up to the end."""

    path: Path
    start: Fraction
    end: Fraction | None = None

    def holds(self, time: Fraction) -> bool:
        """Return whether what is heard at a time is wanted."""
        return time >= self.start and (self.end is None or time < self.end)


def copy_sound(
    stack: ExitStack, container: Any, codec: Codec, sound: Sound, tell: Callable[[str], None]
) -> Iterator[Timed]:
    """Add the stream of a sound to a container that is written; yield its packets.

    Args:
        stack: closes the source.
        container: of PyAV.
        codec: what the container holds.
        sound: what is wanted.
        tell: takes a sentence for the user where something is lost.
    """
    file = stack.enter_context(open_video(sound.path))
    heard = file.streams.audio[0]
    if heard.codec_context.name in codec.audio:
        stream = container.add_stream_from_template(heard)
        return _shift(file.demux(heard), stream, sound)
    chosen = _choose_form(load_av(sound.path), codec.audio_else, heard)
    if chosen is None:
        tell(f"{sound.path}: its sound cannot be encoded as {codec.audio_else} and is left out.")
        return iter(())
    layout, rate = chosen
    stream = container.add_stream(codec.audio_else, rate=rate)
    stream.layout = layout
    return _encode(_Hearing(sound, tell).decode(file, heard), stream, sound)


def _choose_form(av: Any, encoder: str, heard: Any) -> tuple[str, int] | None:
    """Return the layout and rate nearest to those of a stream that an encoder takes."""
    layouts = (heard.layout.name, _USUAL.get(heard.channels, "stereo"), "stereo")
    forms = [(layout, rate) for layout in layouts for rate in (heard.rate, _RATE)]
    return next((form for form in forms if _can_open(av, encoder, *form)), None)


def _can_open(av: Any, encoder: str, layout: str, rate: int) -> bool:
    context = av.CodecContext.create(encoder, "w")
    try:
        context.layout, context.rate = layout, rate
        context.format = context.codec.audio_formats[0]
        context.open()
    except (av.FFmpegError, ValueError, OverflowError):
        return False
    return True


class _Hearing:
    """Decodes what can be decoded, and tells once of what cannot."""

    def __init__(self, sound: Sound, tell: Callable[[str], None]) -> None:
        self._sound, self._tell, self._told = sound, tell, False

    def decode(self, file: Any, heard: Any) -> Iterator[Any]:
        """Yield the frames of a stream that are wanted."""
        av = load_av(self._sound.path)
        try:
            for packet in file.demux(heard):
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    self._note_loss()
                    continue
                yield from (frame for frame in frames if self._wants(frame))
        except av.FFmpegError:
            self._note_loss()

    def _wants(self, frame: Any) -> bool:
        if frame.pts is None:
            self._note_loss()
            return False
        return self._sound.holds(frame.pts * frame.time_base)

    def _note_loss(self) -> None:
        if not self._told:
            self._told = True
            self._tell(
                f"The sound of {self._sound.path} is damaged; what cannot be read is silent."
            )


def _shift(packets: Iterator[Any], stream: Any, sound: Sound) -> Iterator[Timed]:
    """Yield packets as they are, from the start on, which becomes time 0."""
    for packet in packets:
        if packet.dts is None or packet.pts is None:
            continue
        time = packet.pts * packet.time_base
        if not sound.holds(time):
            continue
        away = round(sound.start / packet.time_base)
        packet.pts, packet.dts, packet.stream = packet.pts - away, packet.dts - away, stream
        yield time - sound.start, packet


def _encode(frames: Iterator[Any], stream: Any, sound: Sound) -> Iterator[Timed]:
    last = Fraction(0)
    for frame in _fill_gaps(frames):
        last = frame.pts * frame.time_base - sound.start
        frame.pts -= round(sound.start / frame.time_base)
        for packet in stream.encode(frame):
            yield last, packet
    for packet in stream.encode(None):
        yield last, packet


def _fill_gaps(frames: Iterator[Any]) -> Iterator[Any]:
    """Yield frames, with silence where some are lacking: an encoder would close the gap."""
    end: Fraction | None = None
    for frame in frames:
        time = frame.pts * frame.time_base
        if end is not None and _GAP < time - end < _LONGEST_GAP:
            yield from _make_silence(frame, end, time)
        yield frame
        end = time + Fraction(frame.samples, frame.sample_rate)


def _make_silence(like: Any, start: Fraction, end: Fraction) -> Iterator[Any]:
    """Yield frames of silence from one time to another, of a second at most."""
    while start < end:
        count = min(like.sample_rate, round((end - start) * like.sample_rate))
        if count == 0:
            return
        frame = type(like)(like.format.name, like.layout.name, count)
        nothing = b"\x80" if like.format.packed.name == "u8" else b"\0"
        for plane in frame.planes:
            plane.update(nothing * plane.buffer_size)
        frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
        frame.pts = round(start / like.time_base)
        yield frame
        start += Fraction(count, like.sample_rate)
