"""What a source of frames is, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from frisket.jobs.video.matting import Samples


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
        timecode: of the first frame; empty for none.
        pixel_aspect: width of a pixel by its height, as it is to be shown.
    """

    width: int
    height: int
    depth: int
    rate: Fraction
    time_base: Fraction
    count: int
    tags: Tags = field(default_factory=Tags)
    has_audio: bool = False
    timecode: str = ""
    pixel_aspect: Fraction = Fraction(1)

    def stamp(self, place: int) -> int:
        """Return the time stamp of a place where frames follow one another at the rate."""
        return round(place / (self.rate * self.time_base))


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

    def find_file(self, place: int) -> Path | None:
        """Return the file of a frame; None where it has none of its own."""

    def list_files(self) -> list[Path]:
        """Return all files that frames are read from."""

    def find_place(self, seconds: Fraction) -> int:
        """Return the place of the first frame at or after a time; the first frame is at 0."""
