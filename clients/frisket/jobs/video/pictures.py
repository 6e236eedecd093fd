"""Numbered pictures as frames."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from frisket.documents import Rect, UnreadableDocument, UnsupportedDocument, open_document
from frisket.jobs.video.film import Video
from frisket.jobs.video.matting import Samples
from frisket.jobs.video.shape import Frame, Shape

PICTURES = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".exr", ".psd", ".dpx"})
"""What a numbered picture may be."""
_NUMBER = re.compile(r"%0?(\d?)d")
_DIGITS = re.compile(r"(\d+)(?=\D*$)")


def is_pattern(path: Path) -> bool:
    """Tell whether a name stands for numbered pictures: it holds one number and no other `%`."""
    return len(_NUMBER.findall(path.name)) == 1 == path.name.count("%")


def is_glob(path: Path) -> bool:
    """Tell whether a name stands for whatever files it fits, such as `shot.*.png`."""
    return "*" in path.name and not path.exists()


class Pictures:
    """Numbered pictures of one size.

    Args:
        path: a pattern with `%04d`, a folder, or a name with `*`.

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

    def find_file(self, place: int) -> Path | None:
        """Return the picture at a place."""
        return self.files[place]

    def list_files(self) -> list[Path]:
        """Return all pictures."""
        return self.files

    def find_place(self, seconds: Fraction) -> int:
        """Return the place of the first picture at or after a time; see `Source`."""
        return math.ceil(seconds * self.shape.rate)


def find_written(pattern: Path) -> dict[int, Path]:
    """Return the files that numbers have by a pattern, by those numbers."""
    folder, names = pattern.parent, _to_expression(pattern.name)
    found: dict[int, Path] = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        match = names.fullmatch(file.name)
        # 00001 fits %04d as well, but is no name that it gives.
        if match and file.name == pattern.name % int(match[1]):
            found[int(match[1])] = file
    return found


def _list_pictures(path: Path) -> dict[int, Path]:
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise UnreadableDocument(path, "there is no such folder")
    found: dict[int, Path] = {}
    for file in sorted(folder.iterdir()):
        number = _find_number(path, file) if file.suffix.lower() in PICTURES else None
        if number is None:
            continue
        if number in found:
            raise UnsupportedDocument(
                path, f"{found[number].name} and {file.name} have the same number",
                advice="name one sequence with a pattern such as shot.%04d.png",
            )  # fmt: skip
        found[number] = file
    if not found:
        raise UnreadableDocument(path, "there are no numbered pictures")
    _check_whole(path, found)
    return found


def _find_number(path: Path, file: Path) -> int | None:
    """Return a file's number; None where it is none of the pictures that a path stands for."""
    if is_pattern(path) and not path.is_dir():
        match = _to_expression(path.name).fullmatch(file.name)
    elif path.is_dir() or fnmatch.fnmatchcase(file.name, path.name):
        match = _DIGITS.search(file.stem)
    else:
        match = None
    return int(match[1]) if match else None


def _to_expression(name: str) -> re.Pattern[str]:
    match = _NUMBER.search(name)
    assert match is not None
    digits = rf"(\d{{{int(match[1])},}})" if match[1] else r"(\d+)"
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
    if path.suffix.lower() == ".dpx":
        return next(Video(path).read()).rgb
    with open_document(path) as document:
        raster = document.raster(document.find_layer(None))
        rgb = raster.read_srgb(Rect(0, 0, raster.width, raster.height))
    if rgb.shape[2] < 3:
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    return np.ascontiguousarray(rgb[..., :3])
