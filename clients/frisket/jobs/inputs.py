"""Which files are meant: names, globs and folders, in the order they were given."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

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


@cache
def picture_suffixes() -> frozenset[str]:
    """Return the suffixes, in lower case, of every format that opens."""
    from PIL import Image

    known = Image.registered_extensions().items()
    flat = {suffix for suffix, name in known if name in Image.OPEN and name not in _NOT_PICTURES}
    return _LAYERED | _MORE | RAW_SUFFIXES | flat


def _expand(word: str) -> Sequence[Path]:
    try:
        path = read_path(word)
    except ValueError as error:
        raise UnreadableDocument(word, str(error)) from None
    if path.is_dir():
        return _require(word, list(_list_folder(path)), "the folder holds no picture")
    if path.exists() or not glob.has_magic(word):
        return [path]
    matches = (Path(one) for one in sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207
    files = [one for one in matches if one.is_file()]
    return _require(word, list(_drop_results(files)), "no file matches")


def _require(word: str, files: list[Path], reason: str) -> list[Path]:
    if not files:
        raise UnreadableDocument(word, reason)
    return files


def _list_folder(folder: Path) -> Iterator[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnreadableDocument(folder, f"the folder cannot be listed ({reason})") from error
    suffixes = picture_suffixes()
    pictures = [path for path in files if path.suffix.lower() in suffixes]
    return _drop_results(path for path in pictures if not path.name.startswith("."))


def _drop_results(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are not results of others among them, as STEM-KIND is of STEM."""
    files = list(files)
    sources = {(path.parent, path.stem) for path in files}
    for path in files:
        stem, _, kind = path.stem.rpartition("-")
        if kind not in DELIVERIES or (path.parent, stem) not in sources:
            yield path
