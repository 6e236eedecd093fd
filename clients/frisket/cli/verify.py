"""`frisket verify`: what differs between two documents, and that nothing else does."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import path

if TYPE_CHECKING:
    from frisket.documents import Difference


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("verify", help=COMMANDS["verify"])
    parser.add_argument("first", type=path, metavar="A", help="the document before")
    parser.add_argument("second", type=path, metavar="B", help="the document after")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what differs; the status tells a script whether anything does."""
    from frisket.documents.verify import differences

    found = differences(arguments.first, arguments.second)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(one) for one in found]))
    else:
        for one in found:
            print(one)
        print(_conclude(found))
    return Exit.DIFFERENT if found else Exit.OK


def _conclude(found: Sequence[Difference]) -> str:
    """Return what was proven: of some flat images no more than the pixels could be compared."""
    from frisket.documents.verify import DECODED_ONLY

    number = len(found)
    said = f"{number} part{'' if number == 1 else 's'} differ{'s' if number == 1 else ''}"
    if any(one.detail == DECODED_ONLY for one in found):
        return f"{said} (pixels only)."
    return f"{said}; every other byte is the same."
