"""`frisket verify`: what differs between two documents, and that nothing else does."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import path


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
        print(_conclude(arguments.first, len(found)))
    return Exit.DIFFERENT if found else Exit.OK


def _conclude(first: Path, number: int) -> str:
    """Return what was proven: of flat images the pixels are compared, and nothing else."""
    from frisket.documents import open_document

    with open_document(first) as document:
        whole = bool(document.suffixes)
    said = f"{number} part{'' if number == 1 else 's'} differ{'s' if number == 1 else ''}"
    return f"{said}; every other byte is the same." if whole else f"{said} (pixels only)."
