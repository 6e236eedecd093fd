"""Which files are meant: names, globs and folders, in the order they were given."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from frisket.documents import UnreadableDocument
from frisket.documents.flat.camera import RAW_SUFFIXES
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.paths import read_path

_LAYERED = frozenset({".psd", ".psb", ".tif", ".tiff", ".exr"})
# Which Pillow does not list by itself.
_MORE = frozenset({".jxl", ".heic", ".heif", ".hif"})
# Pillow lists these and does not read them as pictures by itself: pages, films, stubs.
_NOT_PICTURES = frozenset(
    {"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "PDF", "PSD", "TIFF", "WMF"}
)


@dataclass(frozen=True)
class Input:
    """A file that is meant.

    Attributes:
        path: where it lies.
        below: its folder, seen from the folder that was named; empty for a file of its own.
    """

    path: Path
    below: str = ""


Found = TypeVar("Found", Path, Input)


def find_inputs(given: Iterable[str]) -> list[Path]:
    """Return the files that words of a command line mean, each once.

    A word is a file, a folder (its files of every format that opens, without hidden ones and
    results of frisket) or a glob, for shells that leave globs alone. A leading `~` is the
    user's folder. A file that is missing is returned too: whoever opens it reports that.

    Raises:
        UnreadableDocument: a glob or a folder yields no file, or a folder cannot be listed.
    """
    found: dict[str, Path] = {}
    for word in given:
        for path in _expand(word):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def find_tree(given: Iterable[str], spared: Path | None = None) -> list[Input]:
    """Return what `find_inputs` does, with everything in the folders of a folder.

    A link that leads back to a folder above it is not followed; hidden folders are left out.

    Args:
        given: the words.
        spared: a folder whose files are no inputs: the results' own.

    Raises:
        UnreadableDocument: a glob or a folder yields no file, or a folder cannot be listed.
    """
    found: dict[str, Input] = {}
    for word in given:
        for one in _expand_tree(word, spared):
            found.setdefault(os.path.realpath(one.path), one)
    return list(found.values())


def _expand_tree(word: str, spared: Path | None) -> Sequence[Input]:
    path = _read_word(word)
    if not path.is_dir():
        return [Input(one) for one in _expand(word)]
    seen = {os.path.realpath(spared)} if spared else set()
    walked = [Input(file, below) for below, file in _walk(path, "", seen)]
    return _require(word, walked, "the folder and those in it hold no picture")


def _walk(folder: Path, below: str, seen: set[str]) -> Iterator[tuple[str, Path]]:
    """Yield the pictures of a folder, then those of the folders in it, each folder once."""
    place = os.path.realpath(folder)
    if place in seen:
        return
    seen.add(place)
    yield from ((below, file) for file in _list_folder(folder))
    for one in sorted(folder.iterdir()):
        if one.is_dir() and not one.name.startswith("."):
            yield from _walk(one, f"{below}/{one.name}".lstrip("/"), seen)


@cache
def picture_suffixes() -> frozenset[str]:
    """Return the suffixes, in lower case, of every format that opens."""
    from PIL import Image

    known = Image.registered_extensions().items()
    flat = {suffix for suffix, name in known if name in Image.OPEN and name not in _NOT_PICTURES}
    return _LAYERED | _MORE | RAW_SUFFIXES | flat


def _expand(word: str) -> Sequence[Path]:
    path = _read_word(word)
    if path.is_dir():
        return _require(word, list(_list_folder(path)), "the folder holds no picture")
    if path.exists() or not glob.has_magic(word):
        return [path]
    matches = (Path(one) for one in sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207
    files = [one for one in matches if one.is_file()]
    return _require(word, list(_drop_results(files)), "no file matches")


def _read_word(word: str) -> Path:
    try:
        return read_path(word)
    except ValueError as error:
        raise UnreadableDocument(word, str(error)) from None


def _require(word: str, files: list[Found], reason: str) -> list[Found]:
    if not files:
        raise UnreadableDocument(word, reason)
    return files


def _list_folder(folder: Path) -> Iterator[Path]:
    try:
        # A link to nothing is listed: whoever opens it says that the file is gone.
        files = sorted(path for path in folder.iterdir() if path.is_file() or _is_lost(path))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnreadableDocument(folder, f"the folder cannot be listed ({reason})") from error
    suffixes = picture_suffixes()
    pictures = [path for path in files if path.suffix.lower() in suffixes]
    return _drop_results(path for path in pictures if not path.name.startswith("."))


def _is_lost(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _drop_results(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are not results of others among them, as STEM-KIND is of STEM."""
    files = list(files)
    sources = {(path.parent, path.stem) for path in files}
    for path in files:
        stem, _, kind = path.stem.rpartition("-")
        if kind not in DELIVERIES or (path.parent, stem) not in sources:
            yield path
