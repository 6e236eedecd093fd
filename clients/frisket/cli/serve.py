"""`frisket serve`: start a server in the foreground."""

from __future__ import annotations

import argparse
from typing import Any

from frisket.server.arguments import add_arguments


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("serve", help="start a server in the foreground")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to leave, and return the exit status."""
    from frisket.server.main import serve

    return serve(arguments)
