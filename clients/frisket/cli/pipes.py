"""Documents from standard input and to standard output: through files, which have a length."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frisket.cli.parser import UsageError

PIPE = "-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="frisket-") as folder:
        yield Path(folder)


def receive(folder: Path) -> Path:
    """Copy standard input into a file of a folder and return it.

    Raises:
        UsageError: standard input is a terminal, where nobody will type a picture.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("'-' reads a picture from standard input: write frisket cut - < FILE.")
    path = folder / "standard input"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def check_standard_output() -> None:
    """Refuse to write a picture to a terminal.

    Raises:
        UsageError: standard output is one.
    """
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError("Standard output is a terminal: write > FILE, or name a file with -o.")


def send(path: Path) -> None:
    """Copy a file to standard output.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()
