"""Frames of a file that FFmpeg reads."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from frisket.documents import UnreadableDocument, UnsupportedDocument
from frisket.jobs.video.fields import NEIGHBOURS, deinterlace
from frisket.jobs.video.matting import Samples
from frisket.jobs.video.pyav import load_av, open_video
from frisket.jobs.video.shape import Frame, Shape, Tags

_WORTH_SEEKING = 30  # frames that are decoded sooner than the file's packets are listed
_WIDEST = Fraction(10)  # pixel that is believed, by its height
_CHECKED = 12  # frames by which an index is held against what is decoded


class Video:
    """A file that FFmpeg reads.

    Args:
        path: of the file.
        deinterlace: make whole frames of interlaced ones.

    Raises:
        DocumentError: it cannot be read, or holds no video.
    """

    def __init__(self, path: Path, deinterlace: bool = False) -> None:
        self.path, self._deinterlace = path, deinterlace
        self._damaged = False
        self.notes: list[str] = []
        self.first_number = 1
        if not path.is_file():
            raise UnreadableDocument(path, "there is no such file")
        with self._open() as container:
            stream = self._find_stream(container)
            first = next(self._decode(container, stream), None)
            if first is None:
                how = "is damaged or truncated:" if self._damaged else "is"
                raise UnreadableDocument(path, f"{how} a video without a single frame")
            self._size = first.width, first.height
            self.shape = self._describe(container, stream, first)
        if first.interlaced_frame and not deinterlace:
            self.notes.append(
                f"{path} is interlaced; its frames are matted as they are, and --deinterlace "
                "makes whole ones of them."
            )

    def read(self, first: int = 0) -> Iterator[Frame]:
        """Yield frames from a place on; see `Source`."""
        kind = "rgb24" if self.shape.depth == 8 else "rgb48le"
        latest, step = None, max(1, self.shape.stamp(1))
        for place, pts, frame in self._read_whole(first):
            self._check_size(place, frame)
            if place < first:
                continue
            stamp = pts if pts is not None and self._tells_times else self.shape.stamp(place)
            if latest is not None and stamp <= latest:
                stamp = latest + step  # the file's clock went back, as where parts were joined
            latest = stamp
            yield Frame(place, stamp, _turn(frame.to_ndarray(format=kind), frame.rotation))

    def _read_whole(self, first: int) -> Iterator[tuple[int, int | None, Any]]:
        """Yield places, time stamps and frames, deinterlaced where that is wanted."""
        if not self._deinterlace:
            for place, frame in self._read_placed(first):
                yield place, frame.pts, frame
            return
        # A frame is completed from its neighbours, in a range as in the whole.
        yield from deinterlace(self.path, self._read_placed(max(0, first - NEIGHBOURS)))

    def _read_placed(self, first: int) -> Iterator[tuple[int, Any]]:
        """Yield places and frames from `first` on, or from earlier where nothing leads there."""
        if _WORTH_SEEKING <= first < len(self._index):
            time = self._index[first]
            with self._open() as container:
                stream = self._find_stream(container)
                container.seek(time, stream=stream)
                frames = self._decode(container, stream)
                found = next(
                    (one for one in frames if one.pts is not None and one.pts >= time), None
                )
                if found is not None and found.pts == time:
                    yield from self._place(itertools.chain([found], frames), first)
                    return
        with self._open() as container:
            yield from self._place(self._decode(container, self._find_stream(container)), 0)

    def _place(self, frames: Iterator[Any], first: int) -> Iterator[tuple[int, Any]]:
        """Yield frames with their places; behind damage their times tell, in a range as in all."""
        latest = None
        for place, frame in enumerate(frames, first):
            late = latest is not None and frame.pts is not None and frame.pts <= latest
            if self._damaged and late:
                continue  # a decoder that lost its way gives some behind those that follow them
            latest = frame.pts
            yield self._find_time(frame.pts, place) if self._damaged else place, frame

    def _find_time(self, pts: int | None, place: int) -> int:
        """Return the place of a time stamp; `place` where the file does not tell."""
        if not self._index or pts is None:
            return place
        at = bisect_left(self._index, pts)
        return at if self._index[at : at + 1] == (pts,) else place

    def _check_size(self, place: int, frame: Any) -> None:
        if (frame.width, frame.height) == self._size:
            return
        raise UnsupportedDocument(
            self.path,
            f"frame {place} is {frame.width} × {frame.height} pixels and those before it "
            f"{self._size[0]} × {self._size[1]}",
            advice="cut the file there and matte the parts one by one",
        )

    @cached_property
    def _tells_times(self) -> bool:
        """Whether frames have times that rise; some files tell none, or those of other frames."""
        told = [stamp for stamp in self._first_stamps if stamp is not None]
        rise = all(one < other for one, other in itertools.pairwise(told))
        return (rise and len(told) == len(self._first_stamps)) or bool(self._index)

    @cached_property
    def _first_stamps(self) -> tuple[int | None, ...]:
        """The time stamps of the first frames, as they are decoded."""
        with self._open() as container:
            frames = self._decode(container, self._find_stream(container))
            return tuple(frame.pts for frame in itertools.islice(frames, _CHECKED))

    @cached_property
    def _index(self) -> tuple[int, ...]:
        """The time stamps of all frames in order; none where packets do not tell them."""
        with self._open() as container:
            stream = self._find_stream(container)
            packets = self._read_packets(container, stream)
            stamps = [one.pts for one in packets if one.size and not one.is_discard]
        if None in stamps or len(set(stamps)) != len(stamps):
            return ()
        index = tuple(sorted(stamps))
        # Where a frame has several packets the places would not be right.
        return index if self._first_stamps == index[:_CHECKED] else ()

    def list_files(self) -> list[Path]:
        """Return the file itself."""
        return [self.path]

    def find_place(self, seconds: Fraction) -> int:
        """Return the place of the first frame at or after a time; see `Source`."""
        times, base = self._index, self.shape.time_base
        if not times:
            return math.ceil(seconds * self.shape.rate)
        return bisect_left(times, times[0] + seconds / base)

    def find_file(self, place: int) -> Path | None:
        """Return None: frames of a video have no files."""
        return None

    @contextmanager
    def _open(self) -> Iterator[Any]:
        av = load_av(self.path)
        stack = ExitStack()
        try:
            container = stack.enter_context(open_video(self.path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableDocument(
                self.path, f"is no video that FFmpeg can read, or is truncated ({_say(error)})"
            ) from None
        with stack:
            yield container

    def _find_stream(self, container: Any) -> Any:
        if not container.streams.video:
            raise UnsupportedDocument(self.path, "holds no video stream")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return stream

    def _decode(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield the frames that can be decoded."""
        av = load_av(self.path)
        for packet in self._read_packets(container, stream):
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self._note_damage()

    def _read_packets(self, container: Any, stream: Any) -> Iterator[Any]:
        av = load_av(self.path)
        try:
            yield from container.demux(stream)
        except av.FFmpegError:
            self._note_damage()

    def _note_damage(self) -> None:
        if not self._damaged:
            self._damaged = True
            self.notes.append(f"{self.path} is damaged; frames that cannot be read are left out.")

    def _describe(self, container: Any, stream: Any, first: Any) -> Shape:
        deep = max((part.bits for part in first.format.components), default=8) > 8
        swapped = round(first.rotation / 90) % 2 != 0
        size = (first.height, first.width) if swapped else (first.width, first.height)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        count = stream.frames
        if not count and container.duration:
            count = round(container.duration / 1e6 * rate)
        context = stream.codec_context
        tags = Tags(
            int(first.colorspace), int(context.color_primaries), int(context.color_trc),
            int(first.color_range) != 2,
        )  # fmt: skip
        return Shape(
            *size, 16 if deep else 8, Fraction(rate), Fraction(stream.time_base), count, tags,
            bool(container.streams.audio), _find_timecode(container, stream),
            _find_aspect(stream, swapped),
        )  # fmt: skip


def _find_timecode(container: Any, stream: Any) -> str:
    told = {**container.metadata, **stream.metadata}
    return next((str(text) for name, text in told.items() if name.lower() == "timecode"), "")


def _find_aspect(stream: Any, swapped: bool) -> Fraction:
    """Return the width of a pixel by its height as it is shown; 1 where the file tells none."""
    told = Fraction(stream.sample_aspect_ratio or 1)
    if not 1 / _WIDEST <= told <= _WIDEST:
        return Fraction(1)
    return 1 / told if swapped else told


def _say(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)


def _turn(rgb: Samples, degrees: float) -> Samples:
    """Return a frame as it is to be seen."""
    turns = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb
