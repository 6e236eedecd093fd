"""`frisket serve`: start a server in the foreground."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from frisket.cli.exits import Exit
from frisket.extras import advise_install


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("serve", help="start a server in the foreground")
    try:
        from frisket.server.main import add_arguments, serve
    except ImportError:
        parser.set_defaults(run=_without_server)
        return
    add_arguments(parser)
    parser.set_defaults(run=serve)


def _without_server(arguments: argparse.Namespace) -> int:
    advice = advise_install("server")
    print(f"frisket: this installation has no server; {advice}", file=sys.stderr)
    return Exit.SERVER
