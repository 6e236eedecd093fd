"""The folders of a watch: in, work, done and failed, or one in which originals stay."""

from __future__ import annotations

import contextlib
import os
import re
from itertools import count
from pathlib import Path

from frisket.documents import UnreadableDocument
from frisket.documents.io.output import make_folder
from frisket.jobs.batch.lock import FileLock
from frisket.jobs.batch.states import JournalBusy
from frisket.jobs.watch.looking import Seen
from frisket.jobs.watch.sift import TICKET, find_owner

IN, WORK, DONE, FAILED = "in", "work", "done", "failed"
_LOCK = ".frisket-watch.lock"
_VERSION = re.compile(r"-\d+(?=(\.[^.]*)?$)")


def number_name(path: Path, number: int) -> Path:
    """Return a name with a number before its suffix; 1 stands for the name itself."""
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


class Folders:
    """Where originals lie while they are worked on and afterwards.

    Args:
        root: the folder that is watched.
        moves: whether originals move through in, work, done and failed inside it; otherwise
            they stay.
    """

    def __init__(self, root: Path, moves: bool) -> None:
        self.root, self.moves = root, moves
        self.incoming = root / IN if moves else root
        self._lock = FileLock(root / WORK / _LOCK)

    @property
    def watched(self) -> list[Path]:
        """The folders in which originals wait."""
        return [self.incoming, self.root / WORK] if self.moves else [self.root]

    @property
    def all(self) -> list[Path]:
        """Every folder that originals may lie in."""
        names = (IN, WORK, DONE, FAILED) if self.moves else ("",)
        return [self.root / name for name in names]

    def open(self) -> None:
        """Make the folders, and keep them for this watch alone.

        Raises:
            UnreadableDocument: there is no folder to watch.
            OutputError: they cannot be made.
            JournalBusy: another watch has them.
        """
        if not self.root.is_dir():
            raise UnreadableDocument(self.root, "there is no such folder to watch")
        if not self.moves:
            return
        for folder in self.all:
            make_folder(folder)
        free = True
        with contextlib.suppress(OSError):  # some shares know no locks
            free = self._lock.take()
        if not free:
            raise JournalBusy(f"Another frisket watches {self.root}; stop that one first.")

    def close(self) -> None:
        """Let another watch have them."""
        self._lock.give_back()

    def require(self) -> None:
        """Check that no folder has gone.

        Raises:
            OSError: one has.
        """
        for folder in self.all:
            with os.scandir(folder):
                pass

    def is_arrival(self, path: Path) -> bool:
        """Return whether a file waits to be moved into work."""
        return self.moves and path.is_relative_to(self.incoming)

    def find_origin(self, path: Path) -> str:
        """Return what an original is called by whoever sent it, wherever it lies now.

        It is the path below the folder that holds it, without the number that tells it from
        an earlier one of the same name.
        """
        place = Path(os.path.abspath(path))  # noqa: PTH100
        for folder in self.all:
            home = os.path.abspath(folder)  # noqa: PTH100
            if place.is_relative_to(home):
                return _VERSION.sub("", place.relative_to(home).as_posix())
        return str(place)

    def find_ticket(self, seen: Seen) -> Path | None:
        """Return the ticket of a picture; one in work was moved there before a kill."""
        if seen.ticket or not self.is_arrival(seen.path):
            return seen.ticket
        place = self.root / WORK / seen.below / f"{seen.path.name}{TICKET}"
        return place if place.is_file() else None

    def claim(self, seen: Seen) -> Path | None:
        """Move an arrival into work, with its side-cars.

        Side-cars go first: a picture in work has all that belongs to it, whenever a kill hits.

        Returns:
            Where it lies now; None where it cannot be moved yet: one of the same name is at
            work, or somebody holds it open.
        """
        target = self.root / WORK / seen.below / seen.path.name
        if os.path.lexists(target):
            return None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            for one in seen.side_cars:
                one.replace(target.with_name(one.name))
            seen.path.rename(target)
        except OSError:
            return None
        return target

    def put_away(self, path: Path, reason: str) -> Path:
        """Move an original from work to done, or to failed with a text file that says why.

        Args:
            path: where it lies.
            reason: why it failed; empty where it did not.

        Returns:
            Where it lies now: under its name, or one with a number where that is taken.

        Raises:
            OSError: it cannot be moved.
        """
        home = self.root / (FAILED if reason else DONE)
        with os.scandir(home):  # a folder that has gone is not made again: a share may be lost
            pass
        place = home / path.relative_to(self.root / WORK)
        place.parent.mkdir(parents=True, exist_ok=True)
        names = (number_name(place, number) for number in count(1))
        target = next(one for one in names if not os.path.lexists(one))
        for one in find_side_cars(path):
            one.replace(target.with_name(target.name + one.name[len(path.name) :]))
        path.rename(target)
        if reason:
            told = target.with_name(f"{target.name}.txt")
            with contextlib.suppress(OSError):  # the journal says it too
                told.write_text(f"{reason}\n", encoding="utf-8", errors="backslashreplace")
        self._tidy(path.parent)
        return target

    def _tidy(self, folder: Path) -> None:
        """Remove folders of work that hold nothing any more."""
        with contextlib.suppress(OSError):
            while folder != self.root / WORK:
                folder.rmdir()
                folder = folder.parent


def find_side_cars(path: Path) -> list[Path]:
    """Return the files that belong to a picture."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if find_owner(entry.name) == path.name]
    return [path.with_name(name) for name in sorted(names)]
