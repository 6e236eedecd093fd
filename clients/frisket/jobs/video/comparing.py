"""What differs between two videos or image sequences, frame by frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from frisket.documents import Difference
from frisket.documents.verify import differences
from frisket.jobs.video.film import Video
from frisket.jobs.video.pictures import Pictures, is_glob, is_pattern
from frisket.jobs.video.shape import Frame, Source
from frisket.jobs.video.source import open_source

_MOVIES = frozenset({".mov", ".mp4", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mxf", ".ts"})


def is_sequence(path: Path) -> bool:
    """Tell whether a path stands for frames, by its name or because it is a folder."""
    return is_pattern(path) or is_glob(path) or path.is_dir() or is_movie(path)


def is_movie(path: Path) -> bool:
    """Tell whether a path is a video's by its name: of such only what is seen is compared."""
    return path.suffix.lower() in _MOVIES


def compare_sequences(first: Path, second: Path) -> Iterator[Difference]:
    """Yield what differs: numbers of pictures and each picture, or size, times and each frame.

    Args:
        first: as of `open_source`.
        second: the same kind, videos or numbered pictures.

    Raises:
        DocumentError: one of them cannot be read.
    """
    a, b = open_source(first), open_source(second)
    if isinstance(a, Pictures) and isinstance(b, Pictures):
        yield from _compare_pictures(a, b)
    elif isinstance(a, Video) and isinstance(b, Video):
        yield from _compare_videos(a, b)
    else:
        yield Difference("kind", "changed", "a video and numbered pictures")


def _compare_pictures(a: Pictures, b: Pictures) -> Iterator[Difference]:
    numbers = [dict(enumerate(one.files, one.first_number)) for one in (a, b)]
    for number in sorted(numbers[0].keys() | numbers[1].keys()):
        left, right = (one.get(number) for one in numbers)
        if left is None or right is None:
            yield Difference(f"frame {number}", "added" if left is None else "removed")
            continue
        for one in differences(left, right):
            yield Difference(f"frame {number}, {one.what}", one.how, one.detail)


def _compare_videos(a: Video, b: Video) -> Iterator[Difference]:
    """Yield differences of what is seen: of two encodings of the same frames there are none."""
    shapes = [
        {"size": f"{one.width} × {one.height}", "depth": f"{one.depth} bits", "colours": one.tags,
         "sound": "with" if one.has_audio else "without"}
        for one in (a.shape, b.shape)
    ]  # fmt: skip
    for name, left in shapes[0].items():
        if left != shapes[1][name]:
            yield Difference(name, "changed", f"{left} → {shapes[1][name]}")
    if shapes[0]["size"] != shapes[1]["size"] or shapes[0]["depth"] != shapes[1]["depth"]:
        return
    for place, (one, other) in enumerate(itertools.zip_longest(a.read(), b.read())):
        if one is None or other is None:
            how = "added" if one is None else "removed"
            yield Difference(f"frame {place} and those after it", how)
            return
        yield from _compare_frames(place, _time(a, one), _time(b, other), one, other)


def _compare_frames(
    place: int, left: float, right: float, one: Frame, other: Frame
) -> Iterator[Difference]:
    if left != right:
        yield Difference(f"frame {place}, time", "changed", f"{left:g} s → {right:g} s")
    if not np.array_equal(one.rgb, other.rgb):
        most = int(np.abs(one.rgb.astype(np.int32) - other.rgb).max())
        yield Difference(f"frame {place}, pixels", "changed", f"by at most {most}")


def _time(source: Source, frame: Frame) -> float:
    return round(float(frame.pts * source.shape.time_base), 3)
