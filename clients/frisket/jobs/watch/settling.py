"""Tells when files stand still: the same over several looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frisket.jobs.watch.looking import Mark


@dataclass(frozen=True)
class _Still:
    mark: Mark
    looks: int
    since: float


class Settling:
    """Compares look with look.

    Args:
        looks: how many in a row must find a file the same; 1 or more.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._seen: dict[Path, _Still] = {}

    def note(self, marks: Mapping[Path, Mark], now: float) -> list[Path]:
        """Take what a look found, and return the files that stand still.

        Args:
            marks: of every file that is waited for; others are forgotten.
            now: seconds on any clock that does not go back.
        """
        before, self._seen = self._seen, {}
        for path, mark in marks.items():
            old = before.get(path)
            same = old is not None and old.mark == mark
            self._seen[path] = (
                _Still(mark, old.looks + 1, old.since) if old and same else _Still(mark, 1, now)
            )
        return [path for path, one in self._seen.items() if one.looks >= self._looks]

    def stood_s(self, path: Path, now: float) -> float:
        """Return for how many seconds a file has been the same, as far as was seen."""
        one = self._seen.get(path)
        return now - one.since if one else 0.0
