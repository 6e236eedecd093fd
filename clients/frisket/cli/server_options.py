"""The options that choose a server, shared by the commands that talk to one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.protocol.choices import DEFAULT_DEVICE, DEVICES

if TYPE_CHECKING:
    from frisket.jobs.connection import ServerChoice


def add_server_options(parser: argparse.ArgumentParser, *, any_device: bool = False) -> None:
    """Add --server, --token-file, --tls, --ca and --device.

    Args:
        parser: what they are added to.
        any_device: no device is chosen unless the user names one.
    """
    group = parser.add_argument_group("server")
    group.add_argument(
        "--server",
        metavar="HOST:PORT",
        default="",
        help="default: the local server, started when none answers",
    )
    group.add_argument("--token-file", type=Path, help="default: the variable FRISKET_TOKEN")
    group.add_argument("--tls", action="store_true", help="encrypt the connection")
    group.add_argument("--ca", type=Path, help="PEM certificate to trust; implies --tls")
    group.add_argument(
        "--device",
        choices=DEVICES,
        default=None if any_device else DEFAULT_DEVICE,
        help="of the local server; cuda fails where there is none",
    )


def server_choice(arguments: argparse.Namespace) -> ServerChoice:
    """Return the server that options describe."""
    from frisket.jobs.connection import ServerChoice

    return ServerChoice(
        address=arguments.server,
        token_file=arguments.token_file,
        tls=arguments.tls,
        ca_file=arguments.ca,
        device=arguments.device or DEFAULT_DEVICE,
    )
