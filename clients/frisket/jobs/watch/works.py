"""The pictures of a watched folder that are being made, and where their originals go."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import BatchResult
from frisket.jobs.watch.folders import Folders
from frisket.jobs.watch.looking import Mark


@dataclass
class _Picture:
    """What is known of a picture that is being made."""

    rows: list[int]
    left: set[Path]
    reason: str = ""
    is_withdrawn: bool = False


class Works:
    """Knows every picture that needs no look: it is being made, or was.

    Any thread may call anything. Whoever holds `gate` keeps results from being counted.

    Args:
        journal: of the run.
        folders: through which originals move.
    """

    def __init__(self, journal: Journal, folders: Folders) -> None:
        self._journal, self._folders = journal, folders
        self.gate = threading.RLock()
        self._known: dict[Path, Mark] = {}
        self._open: dict[Path, _Picture] = {}
        self._away: dict[Path, _Picture] = {}

    def needs_look(self, path: Path, mark: Mark) -> bool:
        """Return whether a picture is not what was seen to; nothing that is being made is."""
        with self.gate:
            busy = path in self._open or path in self._away
            return not busy and self._known.get(path) != mark

    def forget_gone(self, there: set[Path]) -> None:
        """Forget pictures that are not there any more."""
        with self.gate:
            for path in [path for path in self._known if path not in there | self._open.keys()]:
                del self._known[path]

    def leave(self, path: Path, mark: Mark) -> None:
        """Note that a picture is left as it is until it changes."""
        with self.gate:
            self._known[path] = mark

    def begin(
        self, path: Path, mark: Mark, rows: Sequence[int], outputs: Sequence[Path], reason: str
    ) -> None:
        """Note that results of a picture are being made; without any it is finished at once.

        Args:
            path: the picture.
            mark: what was seen of it.
            rows: the numbers of its results in the journal.
            outputs: those that are yet to be made.
            reason: why it failed already; empty where it did not.
        """
        with self.gate:
            self._known[path] = mark
            self._open[path] = _Picture(list(rows), set(outputs), reason)
            self._close(path)

    def finish(self, done: BatchResult) -> None:
        """Count a result that was made or given up."""
        with self.gate:
            picture = self._open.get(done.source)
            if picture is None:
                return
            picture.left.discard(done.output)
            picture.reason = picture.reason or (str(done.error) if done.error else "")
            self._close(done.source)

    def withdraw(self, path: Path, output: Path) -> None:
        """Count a result that is not made: its picture changed or went, and is looked at anew."""
        with self.gate:
            if picture := self._open.get(path):
                picture.left.discard(output)
                picture.is_withdrawn = True
                self._close(path)

    def _close(self, path: Path) -> None:
        picture = self._open[path]
        if picture.left:
            return
        del self._open[path]
        if picture.is_withdrawn:
            del self._known[path]
        elif self._folders.moves:
            self._away[path] = picture
            self.put_away()

    def put_away(self) -> None:
        """Move the originals of finished pictures; what cannot be moved now waits."""
        with self.gate:
            for path, picture in list(self._away.items()):
                try:
                    place = self._folders.put_away(path, picture.reason)
                except FileNotFoundError:
                    if self._folders.root.is_dir() and not path.exists():
                        del self._away[path]  # somebody took it
                    continue
                except OSError:
                    continue
                del self._away[path]
                self._known.pop(path, None)
                self._journal.relocate(picture.rows, place)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being made or moved."""
        with self.gate:
            return not (self._open or self._away)
