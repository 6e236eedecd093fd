"""Mattes a whole video or image sequence, segment by segment, and goes on where a run was ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from frisket.client.errors import TransportError
from frisket.client.options import Options
from frisket.documents import OutputError, PlaceError, UnreadableDocument
from frisket.documents.io.output import check_place, rename_durably
from frisket.jobs.connection import Connection, raise_loss
from frisket.jobs.video.footage import open_footage
from frisket.jobs.video.joining import Part, join
from frisket.jobs.video.matting import MattedFrame, describe_frames, matte_stream
from frisket.jobs.video.movie import MATTE, SQUARE, Movie
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.pictures import is_pattern
from frisket.jobs.video.places import (
    check_output,
    list_present,
    name_picture,
    stamp_inputs,
)
from frisket.jobs.video.planning import plan_frames
from frisket.jobs.video.preview import Preview
from frisket.jobs.video.segments import Done, Segments, place_segments
from frisket.jobs.video.shape import Source
from frisket.jobs.video.sound import Sound
from frisket.jobs.video.source import open_source
from frisket.jobs.video.timecode import shift_timecode
from frisket.jobs.video.writing import Look

RETRIES = 3
"""Attempts after a loss that bring no whole segment."""
_WHOLE = 0.95  # of the frames that a file tells of, which may be an estimate
Progress = Callable[[str, int, int], None]
"""Called with a stage, what is done, and of how much; 0 for unknown."""


@dataclass(frozen=True)
class VideoResult:
    """What was done.

    Attributes:
        output: the file or pattern.
        frames: that the output has.
        resumed: of them, frames that an earlier run had made.
        seconds: that this run took.
        notes: sentences for the user.
    """

    output: Path
    frames: int
    resumed: int
    seconds: float
    notes: tuple[str, ...] = ()


def matte_video(
    source: Path,
    output: Path,
    options: VideoOptions | None = None,
    *,
    progress: Progress = lambda stage, done, total: None,
    connection: Connection | None = None,
) -> VideoResult:
    """Matte a video or an image sequence.

    Args:
        source: as of `open_source`.
        output: a .mov, .webm, .mkv or .mp4, or a pattern of PNGs.
        options: how.
        progress: called on this thread as work goes on.
        connection: to a server; None opens one by `options.server`.

    Raises:
        FrisketError: it cannot be done. What is whole stays beside the output, and the same call
            goes on there.
    """
    wanted, started = options or VideoOptions(), time.perf_counter()
    opened = open_source(source, wanted.deinterlace)
    wanted = wanted.find_range(opened)
    wanted.check_finish(opened, output)
    check_output(opened, output, wanted)
    with ExitStack() as stack:
        server = connection or stack.enter_context(Connection(wanted.server))
        run = _Run(opened, output, wanted, server, progress)
        run.compute_all()
        run.deliver()
    frames = sum(done.frames for done in run.done)
    notes = (*opened.notes, *_tell_lacks(opened, output, wanted, frames))
    return VideoResult(output, frames, run.resumed, time.perf_counter() - started, notes)


def _tell_lacks(source: Source, output: Path, wanted: VideoOptions, frames: int) -> Iterator[str]:
    """Yield sentences about what the output lacks, which has so many frames."""
    expected = source.shape.count - wanted.first
    if wanted.last is None and frames < _WHOLE * expected:
        yield (
            f"{source.path} ends after {frames} of about {expected} frames: it is perhaps "
            "truncated."
        )
    if source.shape.pixel_aspect != 1 and output.suffix.lower() in SQUARE:
        yield (
            f"The pixels of {source.path} are not square, and {output} shows them square: a .mov "
            "or .mp4 keeps their shape."
        )


class _Target(Protocol):
    """Where the frames of one segment go."""

    def write(self, matted: MattedFrame, pts: int) -> None:
        """Write a frame; `pts` counts from the segment's first."""


@dataclass
class _Open:
    """A segment that is being written."""

    number: int
    pts: int
    target: _Target
    stack: ExitStack
    frames: int = 0
    last: int = 0


@dataclass
class _Run:
    source: Source
    output: Path
    options: VideoOptions
    connection: Connection
    progress: Progress
    done: list[Done] = field(default_factory=list)
    resumed: int = 0

    def __post_init__(self) -> None:
        self._is_pattern = is_pattern(self.output)
        self._look = Look(
            self.options.kind,
            self.options.choose_depth(self.output),
            self.options.read_finish(),
            open_footage(self.options.background),
        )
        if not self.output.parent.is_dir():
            self.output.parent.mkdir()
        self._hints = self.options.place_hints(self.source)
        stamp = stamp_inputs(self.source, self.options)
        plan = self.options.describe(self.source, stamp, self.output)
        self._segments = Segments(self.output, plan, self.output.suffix)
        if self._is_pattern and not self.options.overwrite and not self._segments.has_begun():
            self._refuse_present()
        self._segments.begin()
        self._first = self.options.first // self.options.segment
        last = self.options.last or self.source.shape.count or self.options.first
        self._preview = Preview(self._segments.folder, self.options.first, last)
        self.done = self._segments.list_done(self._first)
        self.resumed = sum(done.frames for done in self.done)

    def _refuse_present(self) -> None:
        present = list_present(self.source, self.output, self.options)
        if present:
            raise OutputError(present[0], "exists already", advice="add --overwrite")

    # ------------------------------------------------------------- computing

    def compute_all(self) -> None:
        """Compute what is missing, again after a loss, and leave it in whole segments."""
        tries = 0
        while True:
            before = len(self.done)
            try:
                self._compute()
            except TransportError as error:
                tries = 0 if len(self.done) > before else tries + 1
                if not error.retryable or tries > RETRIES:
                    raise_loss(self.options.server, error)
                time.sleep(0.5 * tries)
            except PlaceError as error:
                kept = sum(done.frames for done in self.done)
                raise PlaceError(
                    error.path, error.reason,
                    advice=f"{kept} frames are whole and stay, and the same command goes on there",
                ) from error  # fmt: skip
            else:
                break
        if not self.done:
            self._segments.remove()
            raise UnreadableDocument(
                self.source.path,
                f"has no frame {self.options.first}: the range lies behind its end",
            )

    def _compute(self) -> None:
        shape, options = self.source.shape, self.options
        begin = self._first + len(self.done)
        if options.last is not None and begin * options.segment >= options.last:
            return
        layer = describe_frames(shape.width, shape.height, shape.depth, options.quality)
        asked = Options(
            options.model, options.quality, self._look.depth, options.kind != MATTE, batch=True
        )
        frames = plan_frames(
            self.source, options.first, options.last, begin, options.segment, self._hints
        )
        writing: _Open | None = None
        try:
            for matted in matte_stream(frames, layer, asked, self.connection):
                number = matted.frame.place // options.segment
                if writing is None or writing.number != number:
                    self._close(writing)
                    writing = None
                    writing = self._open(number, matted)
                self._write(writing, matted)
            self._close(writing)
        except BaseException:
            if writing is not None:
                writing.stack.close()
            raise

    def _open(self, number: int, matted: MattedFrame) -> _Open:
        stack = ExitStack()
        if self._is_pattern:
            target: _Target = _Pictures(self._look, self.source, self._name_picture)
        else:
            check_place(self._segments.find_part(number))
            movie = Movie(self._segments.find_part(number), self.source.shape, self.options.kind)
            target = _Frames(self._look, stack.enter_context(movie))
        return _Open(number, matted.frame.pts, target, stack)

    def _write(self, writing: _Open, matted: MattedFrame) -> None:
        writing.target.write(matted, matted.frame.pts - writing.pts)
        if self.options.preview and self._preview.wants(matted.frame.place):
            self._preview.keep(matted.frame.place, self._look.make(matted))
        writing.frames, writing.last = writing.frames + 1, matted.frame.pts
        place, shape = matted.frame.place, self.source.shape
        last = self.options.last if self.options.last is not None else shape.count
        self.progress("frames", place + 1 - self.options.first, max(0, last - self.options.first))

    def _close(self, writing: _Open | None) -> None:
        """Finish a segment, so that no run computes it again."""
        if writing is None:
            return
        writing.stack.close()
        shape = self.source.shape
        end = writing.last + shape.stamp(1)
        done = Done(writing.number, writing.frames, writing.pts, end)
        try:
            self._segments.finish(done)
        except OSError as error:
            raise OutputError(
                self._segments.folder, f"cannot be written ({error.strerror})",
                advice="what is whole stays, and the same command goes on there",
            ) from None  # fmt: skip
        self.done.append(done)

    # ------------------------------------------------------------- delivering

    def deliver(self) -> None:
        """Put the output together from the segments, and forget them."""
        if not self._is_pattern:
            whole = self._segments.folder / f"whole{self.output.suffix}"
            step = self.source.shape.stamp(1)
            placed = zip(self.done, place_segments(self.done, step), strict=True)
            parts = [Part(self._segments.find_file(done.number), pts) for done, pts in placed]
            self.progress("joining", 0, 1)
            shape = self.source.shape
            timecode = shift_timecode(shape.timecode, self.options.first, shape.rate)
            join(parts, whole, shape, self._find_sound(), self.source.notes.append, timecode)
            try:
                rename_durably(whole, self.output)
            except OSError as error:
                raise OutputError(self.output, f"cannot be written ({error.strerror})") from None
        if self.options.preview:
            self._preview.write(self.options.preview)
        self._segments.remove()

    def _find_sound(self) -> Sound | None:
        shape = self.source.shape
        if not shape.has_audio:
            return None
        start: Fraction = self.done[0].pts * shape.time_base
        end = None if self.options.last is None else self.done[-1].end * shape.time_base
        return Sound(self.source.path, start, end)

    def _name_picture(self, place: int) -> Path:
        return name_picture(self.source, self.output, self.options, place)


@dataclass(frozen=True)
class _Pictures:
    """Writes the frames of a segment as pictures, each under the name that `name` gives it."""

    look: Look
    source: Source
    name: Callable[[int], Path]

    def write(self, matted: MattedFrame, pts: int) -> None:
        """Write a frame."""
        place = matted.frame.place
        self.look.save(matted, self.name(place), self.source.find_file(place))


@dataclass(frozen=True)
class _Frames:
    """Writes the frames of a segment into a movie."""

    look: Look
    movie: Movie

    def write(self, matted: MattedFrame, pts: int) -> None:
        """Write a frame."""
        self.movie.write(self.look.make(matted), pts)
