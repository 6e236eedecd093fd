"""Where frames come from: a file that FFmpeg reads, or numbered pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from frisket.documents import Rect, UnreadableDocument, UnsupportedDocument, open_document
from frisket.jobs.video.matting import Samples
from frisket.jobs.video.pyav import load_av, open_video

PICTURES = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".exr", ".psd"})
"""What a numbered picture may be."""
_NUMBER = re.compile(r"%0?(\d?)d")
_DIGITS = re.compile(r"(\d+)(?=\D*$)")


@dataclass(frozen=True)
class Tags:
    """How colours are meant, as FFmpeg numbers it; 2 stands for unknown.

    Attributes:
        space, primaries, transfer: of ITU-T H.273.
        limited: blacks and whites lie within the range of samples.
    """

    space: int = 2
    primaries: int = 2
    transfer: int = 2
    limited: bool = True


@dataclass(frozen=True)
class Shape:
    """What all frames of a source have in common.

    Attributes:
        width, height: pixels, after a rotation that the file asks for.
        depth: bits of the samples that are read, 8 or 16.
        rate: frames a second, on the average.
        time_base: seconds of a unit of time stamps.
        count: of frames, as far as the file says; 0 for unknown.
        tags: how its colours are meant.
        has_audio: whether there is sound.
    """

    width: int
    height: int
    depth: int
    rate: Fraction
    time_base: Fraction
    count: int
    tags: Tags = field(default_factory=Tags)
    has_audio: bool = False


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a source: its place from 0, its time stamp in units of `time_base`, its pixels."""

    place: int
    pts: int
    rgb: Samples


class Source(Protocol):
    """Where frames come from.

    Attributes:
        path: of it.
        shape: of its frames.
        notes: sentences for the user.
        first_number: that its first frame has in names of pictures.
    """

    path: Path
    shape: Shape
    notes: list[str]
    first_number: int

    def read(self, first: int = 0) -> Iterator[Frame]:
        """Yield frames from a place on.

        Raises:
            DocumentError: one cannot be read, or does not fit those before it.
        """


def is_pattern(path: Path) -> bool:
    """Tell whether a name stands for numbered pictures: it holds one number and no other `%`."""
    return len(_NUMBER.findall(path.name)) == 1 == path.name.count("%")


def open_source(path: Path) -> Source:
    """Open a video, a pattern such as `shot.%04d.png`, or a folder of numbered pictures.

    Raises:
        DocumentError: it is none of them, or cannot be read.
    """
    if is_pattern(path) or path.is_dir():
        return Pictures(path)
    return Video(path)


class Video:
    """A file that FFmpeg reads.

    Args:
        path: of the file.

    Raises:
        DocumentError: it cannot be read, or holds no video.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self.first_number = 1
        if not path.is_file():
            raise UnreadableDocument(path, "there is no such file")
        with self._open() as container:
            stream = self._find_stream(container)
            first = next(self._decode(container, stream), None)
            if first is None:
                raise UnreadableDocument(path, "holds a video without a single frame")
            self.shape = self._describe(container, stream, first)
        if first.interlaced_frame:
            self.notes.append(f"{path} is interlaced; its frames are matted as they are.")

    def read(self, first: int = 0) -> Iterator[Frame]:
        """Yield frames from a place on; see `Source`."""
        kind = "rgb24" if self.shape.depth == 8 else "rgb48le"
        size: tuple[int, int] | None = None
        with self._open() as container:
            stream = self._find_stream(container)
            for place, frame in enumerate(self._decode(container, stream)):
                size = size or (frame.width, frame.height)
                if (frame.width, frame.height) != size:
                    raise UnsupportedDocument(
                        self.path,
                        f"frame {place} is {frame.width} × {frame.height} pixels and those before "
                        f"it {size[0]} × {size[1]}",
                        advice="cut the file there and matte the parts one by one",
                    )
                if place >= first:
                    pts = place if frame.pts is None else frame.pts
                    yield Frame(place, pts, _turn(frame.to_ndarray(format=kind), frame.rotation))

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
        av = load_av(self.path)
        try:
            yield from container.decode(stream)
        except av.FFmpegError as error:
            raise UnreadableDocument(
                self.path, f"is damaged or truncated ({_say(error)})",
                advice="what came before stays and a further run begins there",
            ) from None  # fmt: skip

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
            bool(container.streams.audio),
        )  # fmt: skip


def _say(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error)


def _turn(rgb: Samples, degrees: float) -> Samples:
    """Return a frame as it is to be seen."""
    turns = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


class Pictures:
    """Numbered pictures of one size.

    Args:
        path: a pattern with `%04d`, or a folder.

    Raises:
        DocumentError: there are none, one is missing, or the first cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        found = _list_pictures(path)
        self.files, self.first_number = [found[number] for number in sorted(found)], min(found)
        first = _read_picture(self.files[0])
        rate = Fraction(24)
        self.shape = Shape(
            first.shape[1], first.shape[0], first.dtype.itemsize * 8, rate, 1 / rate,
            len(self.files),
        )  # fmt: skip

    def read(self, first: int = 0) -> Iterator[Frame]:
        """Yield frames from a place on; see `Source`."""
        for place in range(first, len(self.files)):
            rgb = _read_picture(self.files[place])
            if rgb.shape[:2] != (self.shape.height, self.shape.width):
                raise UnsupportedDocument(
                    self.files[place],
                    f"is {rgb.shape[1]} × {rgb.shape[0]} pixels and the pictures before it "
                    f"{self.shape.width} × {self.shape.height}",
                )
            yield Frame(place, place, rgb)


def _list_pictures(path: Path) -> dict[int, Path]:
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise UnreadableDocument(path, "there is no such folder")
    wanted = re.compile(".*") if path.is_dir() else _to_expression(path.name)
    found: dict[int, Path] = {}
    for file in sorted(folder.iterdir()):
        number = _DIGITS.search(file.stem)
        if file.suffix.lower() in PICTURES and number and wanted.fullmatch(file.name):
            if int(number[1]) in found:
                raise UnsupportedDocument(
                    path, f"{found[int(number[1])].name} and {file.name} have the same number",
                    advice="name one sequence with a pattern such as shot.%04d.png",
                )  # fmt: skip
            found[int(number[1])] = file
    if not found:
        raise UnreadableDocument(path, "there are no numbered pictures")
    _check_whole(path, found)
    return found


def _to_expression(name: str) -> re.Pattern[str]:
    match = _NUMBER.search(name)
    assert match is not None
    digits = rf"\d{{{int(match[1])},}}" if match[1] else r"\d+"
    start, end = re.escape(name[: match.start()]), re.escape(name[match.end() :])
    return re.compile(start + digits + end)


def _check_whole(path: Path, found: dict[int, Path]) -> None:
    first, last = min(found), max(found)
    if last - first + 1 == len(found):
        return
    missing = next(number for number in range(first, last) if number not in found)
    lacking = last - first + 1 - len(found)
    raise UnreadableDocument(
        path, f"frame {missing} is missing" + (f", and {lacking - 1} more" if lacking > 1 else ""),
        advice="put it there, or give a pattern or folder without the gap",
    )  # fmt: skip


def _read_picture(path: Path) -> Samples:
    with open_document(path) as document:
        raster = document.raster(document.find_layer(None))
        rgb = raster.read_srgb(Rect(0, 0, raster.width, raster.height))
    if rgb.shape[2] < 3:
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    return np.ascontiguousarray(rgb[..., :3])
