"""One look at a watched folder: which pictures are there, with their side-cars."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from frisket.jobs.batch.states import Stamp
from frisket.jobs.watch.sift import TICKET, find_owner, is_passed_over, is_picture

Mark = tuple[Stamp, tuple[tuple[str, Stamp], ...]]
"""What a look tells of a picture: its stamp, and the names and stamps of its side-cars."""


@dataclass(frozen=True)
class Seen:
    """A picture as a look found it.

    Attributes:
        path: where it lies.
        below: its folder, seen from the watched one.
        mark: its stamp, and those of its side-cars.
    """

    path: Path
    below: str
    mark: Mark

    @property
    def stamp(self) -> Stamp:
        """The picture's own stamp."""
        return self.mark[0]

    @property
    def side_cars(self) -> list[Path]:
        """The files that belong to it."""
        return [self.path.with_name(name) for name, _ in self.mark[1]]

    @property
    def ticket(self) -> Path | None:
        """The job ticket beside it, or None."""
        place = self.path.with_name(self.path.name + TICKET)
        return place if any(name == place.name for name, _ in self.mark[1]) else None


@dataclass
class View:
    """What a look found.

    Attributes:
        files: pictures by their path.
        strange: what is left alone though a person may have meant it, and why.
    """

    files: dict[Path, Seen] = field(default_factory=dict)
    strange: dict[Path, str] = field(default_factory=dict)


def look(root: Path, spared: str, least_bytes: int) -> View:
    """Return the pictures of a folder and of all folders in it.

    Hidden and temporary names are left out; links are not followed, for one could lead anywhere.

    Args:
        root: the folder.
        spared: the real path of a folder that is left out: that of the results.
        least_bytes: smaller files are left out.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    view = View()
    waiting = [(root, "")]
    while waiting:
        folder, below = waiting.pop()
        try:
            listed = list(_list(folder))
        except OSError as error:
            if folder == root:
                raise
            reason = (error.strerror or str(error)).lower()
            view.strange[folder] = f"the folder cannot be listed ({reason})"
            continue
        for name, status in listed:
            if stat.S_ISDIR(status.st_mode) and os.path.realpath(folder / name) != spared:
                waiting.append((folder / name, f"{below}/{name}".lstrip("/")))
        _sort_files(view, folder, below, listed, least_bytes)
    return view


def _list(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not is_passed_over(entry.name):
                try:
                    yield entry.name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue


def _sort_files(
    view: View,
    folder: Path,
    below: str,
    listed: list[tuple[str, os.stat_result]],
    least_bytes: int,
) -> None:
    belongings: dict[str, list[tuple[str, Stamp]]] = {}
    pictures: dict[str, Stamp] = {}
    for name, status in sorted(listed, key=lambda one: one[0]):
        stamp = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
        if why := _find_strange(name, status.st_mode):
            view.strange[folder / name] = why
        elif not stat.S_ISREG(status.st_mode):
            continue
        elif owner := find_owner(name):
            belongings.setdefault(owner, []).append((name, stamp))
        elif stamp.size >= least_bytes:
            pictures[name] = stamp
    for owner in belongings.keys() - pictures.keys():
        for name, _ in belongings[owner]:
            view.strange[folder / name] = f"it waits for its picture {owner}"
    for name, stamp in pictures.items():
        mark = (stamp, tuple(belongings.get(name, ())))
        view.files[folder / name] = Seen(folder / name, below, mark)


def _find_strange(name: str, mode: int) -> str:
    """Return why a file is left alone though it may be meant, or nothing."""
    if stat.S_ISLNK(mode):
        return "it is a link, which is not followed; put the file itself there"
    if not stat.S_ISREG(mode):
        return ""
    owner = find_owner(name)
    if owner and not is_picture(owner):
        return f"it belongs to no picture; a ticket is named as PICTURE.jpg{TICKET}"
    if not owner and not is_picture(name):
        return "it is of no format that opens, and is left alone"
    return ""
