"""Colours for people at a terminal, and for nobody else."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from frisket.protocol.printable import make_printable

_CODES = {"error": "1;31", "warning": "1;33", "good": "32", "dim": "2"}


def has_colours(stream: TextIO) -> bool:
    """Tell whether a stream shows colours: a terminal that can, unless NO_COLOR is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty() and sys.platform != "win32"


def paint(text: str, style: str, stream: TextIO) -> str:
    """Return a text in a style ("error", "warning", "good", "dim"), where the stream shows it."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if has_colours(stream) else text


def warn(sentence: str) -> None:
    """Say on standard error what is no failure and should be known."""
    print(f"{paint('frisket:', 'warning', sys.stderr)} {_calm(sentence)}", file=sys.stderr)


def complain(sentence: str) -> None:
    """Say on standard error what went wrong."""
    print(f"{paint('frisket:', 'error', sys.stderr)} {_calm(sentence)}", file=sys.stderr)


def _calm(sentence: str) -> str:
    """Return a sentence in which no file's and no server's words steer the terminal."""
    return make_printable(sentence, keep="\n\t")
