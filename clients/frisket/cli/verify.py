"""`frisket verify`: what differs between two documents, and that nothing else does."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from frisket.cli.exits import Exit
from frisket.cli.paths import file_path


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("verify", help="compare two documents part by part")
    parser.add_argument("first", type=file_path, help="the document before")
    parser.add_argument("second", type=file_path, help="the document after")
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
        print(f"{len(found)} parts differ; every other byte is the same.")
    return Exit.DIFFERENT if found else Exit.OK
