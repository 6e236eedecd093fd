"""`frisket verify`: what differs between two documents, and that nothing else does."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import path

if TYPE_CHECKING:
    from frisket.documents import Difference


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("verify", help=COMMANDS["verify"])
    parser.add_argument(
        "first",
        type=path,
        metavar="A",
        help="the document before, or a video, a pattern such as m.%%04d.png, or a folder",
    )
    parser.add_argument("second", type=path, metavar="B", help="what it became")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what differs; the status tells a script whether anything does."""
    found = _compare(arguments.first, arguments.second)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(one) for one in found]))
    else:
        for one in found:
            print(one)
        print(_conclude(found, arguments.first))
    return Exit.DIFFERENT if found else Exit.OK


def _compare(first: Path, second: Path) -> list[Difference]:
    from frisket.jobs.video.comparing import compare_sequences, is_sequence

    if is_sequence(first) and is_sequence(second):
        return list(compare_sequences(first, second))
    from frisket.documents.verify import differences

    return differences(first, second)


def _conclude(found: Sequence[Difference], first: Path) -> str:
    """Return what was proven: of videos and some flat images only the pixels could be compared."""
    from frisket.documents.verify import DECODED_ONLY
    from frisket.jobs.video.comparing import is_movie

    number = len(found)
    said = f"{number} part{'' if number == 1 else 's'} differ{'s' if number == 1 else ''}"
    if is_movie(first) or any(one.detail == DECODED_ONLY for one in found):
        return f"{said} (pixels only)."
    return f"{said}; every other byte is the same."
