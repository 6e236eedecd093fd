"""What of a run is done: segments in a hidden folder beside the output, and what they are of.

A segment appears under its name when it is whole and synced, so that a kill leaves nothing that
has to be judged: the same command goes on behind the last whole one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frisket.documents import OutputError
from frisket.documents.io.output import rename_durably

SEGMENT = 250
"""Frames of a segment: each begins anew, so that it can be computed by itself."""
RUN_IN = 8
"""Frames before a segment that steady it and are not written."""


@dataclass(frozen=True)
class Done:
    """A whole segment: its number, its frames, and the time stamps of its first and after it."""

    number: int
    frames: int
    pts: int
    end: int


class Segments:
    """The folder of a run; nothing is made before it begins.

    Args:
        output: of the run; the folder lies beside it.
        plan: what the run is; segments of another one are dropped.
        suffix: of a segment's file.
    """

    def __init__(self, output: Path, plan: Mapping[str, Any], suffix: str) -> None:
        self.folder = output.parent / f".{output.name.replace('%', '')}.frisket-video"
        self._suffix = suffix
        self._note, self._plan = self.folder / "plan.json", json.dumps(plan, sort_keys=True)

    def has_begun(self) -> bool:
        """Return whether this very run was begun before and ended early."""
        try:
            return self._note.exists() and self._note.read_text() == self._plan
        except OSError:
            return False

    def begin(self) -> None:
        """Make the folder, or go on in it.

        Raises:
            OutputError: there is no folder, or it may not be written.
        """
        try:
            if self.folder.exists() and not self.has_begun():
                shutil.rmtree(self.folder)
            self.folder.mkdir(exist_ok=True)
            self._note.write_text(self._plan)
        except OSError as error:
            raise OutputError(
                self.folder, f"cannot be made ({error.strerror})", advice="name another output"
            ) from None

    def list_done(self, first: int) -> list[Done]:
        """Return the whole segments from a number on, up to the first that is missing."""
        done: list[Done] = []
        while (note := self._name(first + len(done), ".json")).exists():
            done.append(Done(**json.loads(note.read_text())))
        return done

    def find_file(self, number: int) -> Path:
        """Return where the frames of a whole segment are."""
        return self._name(number, self._suffix)

    def find_part(self, number: int) -> Path:
        """Return where the frames of a segment are written."""
        return self._name(number, f".part{self._suffix}")

    def finish(self, done: Done) -> None:
        """Note that a segment is whole; its file gets its name first.

        Raises:
            OSError: the disk is full, for example.
        """
        if self.find_part(done.number).exists():
            _sync(self.find_part(done.number))
            rename_durably(self.find_part(done.number), self.find_file(done.number))
        part = self._name(done.number, ".part.json")
        part.write_text(json.dumps(vars(done)))
        _sync(part)
        rename_durably(part, self._name(done.number, ".json"))

    def remove(self) -> None:
        """Remove the folder: the output is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _name(self, number: int, suffix: str) -> Path:
        return self.folder / f"segment-{number:05}{suffix}"


def place_segments(segments: Sequence[Done], step: int) -> list[int]:
    """Return where each segment begins, in units of time stamps; usually where its source says.

    A source's clock may go back. Within a run frames go on from there, but a later run begins with
    the clock's own times, and so its segments are moved behind the earlier ones.

    Args:
        segments: in their order.
        step: units from a frame to the next.
    """
    places, away, last = [], 0, None
    for done in segments:
        if last is not None and done.pts + away <= last:
            away = last + step - done.pts
        places.append(done.pts + away)
        last = done.end + away - step
    return places


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
