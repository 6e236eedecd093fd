"""The corpus of documents from many programs: a test for each file, where it is present.

The suite takes a sample by seed of the files, and `make trials` all of them.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from lengths import SEED, pick

REPOSITORY = Path(__file__).resolve().parents[1]
SHARE = pick(3, 1)  # one file of so many
_FEW = 100  # so few are all taken


def shared() -> Path:
    return Path(os.environ.get("FRISKET_SHARED", REPOSITORY.parent / "shared"))


def files(kind: str, step: int = 1) -> list[Path]:
    """Every ``step``-th file of a kind (psd or tiff), by name."""
    folder = shared() / "data" / "corpus" / kind
    return sorted(path for path in folder.glob("*") if path.is_file())[::step]


def each_file(kind: str, step: int = 1, named: tuple[str, ...] = ("",)) -> pytest.MarkDecorator:
    """Run a test for each file, so that a failure names it; skip once where there is none.

    ``named`` are parts of names, of which a file must have one.
    """
    chosen = [path for path in files(kind, step) if any(part in path.name for part in named)]
    if len(chosen) > _FEW:
        chosen = chosen[SEED % SHARE :: SHARE]
    found = [pytest.param(path, id=path.name) for path in chosen]
    reason = f"no corpus in {shared()}; set FRISKET_SHARED to the folder that holds data/"
    nothing = pytest.param(Path(), marks=pytest.mark.skip(reason=reason), id="none")
    return pytest.mark.parametrize("path", found or [nothing])


class Tally:
    """Counts what the tests of a module saw, so that they cannot all pass by seeing nothing."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        self.seen[what] += count

    def require(self, what: str, least: int) -> None:
        """Check that enough was seen; skip where the module did not run whole.

        ``least`` is of all files; of a sample half of its share is enough.
        """
        if not self.seen:
            pytest.skip("the tests that count did not run")
        assert self.seen[what] >= pick(least // (2 * SHARE), least), self.seen
