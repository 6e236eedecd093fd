"""`frisket serve`: start a server in the foreground."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from frisket.cli.exits import Exit
from frisket.cli.style import complain
from frisket.server.arguments import add_arguments, configure


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("serve", help="start a server in the foreground")
    add_arguments(parser)
    parser.add_argument(
        "--print-unit",
        action="store_true",
        help="print a unit for systemd that runs the rest of the command line, and do nothing",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to leave, and return the exit status."""
    if arguments.print_unit:
        return _print_unit(arguments)
    from frisket.server.main import serve

    return serve(arguments)


def _print_unit(arguments: argparse.Namespace) -> int:
    from frisket.cli.unit import compose_server_unit
    from frisket.server.config import ConfigError, check

    try:
        check(configure(arguments))
    except ConfigError as error:
        complain(str(error))
        return Exit.SERVER
    files = {
        "token": arguments.token_file,
        "chain.pem": arguments.tls_cert,
        "key.pem": arguments.tls_key,
        "ca.pem": arguments.tls_client_ca,
    }
    secrets = {name: path for name, path in files.items() if path is not None}
    words = [word for word in sys.argv[1:] if word != "--print-unit"]
    print(compose_server_unit(words, secrets, arguments.load_s, arguments.drain), end="")
    return Exit.OK
