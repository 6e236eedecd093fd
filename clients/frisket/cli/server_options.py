"""The options that choose a server, shared by the commands that talk to one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from frisket.cli.options import Option, add_options, path
from frisket.cli.settings import fill
from frisket.protocol.choices import DEFAULT_DEVICE, DEVICES

if TYPE_CHECKING:
    from frisket.jobs.connection import ServerChoice

SERVER_OPTIONS = (
    Option(
        "server",
        "use this server, or one of several with commas between them; by default a local one, "
        "which is started when none runs",
        str, metavar="HOST:PORT", default="", group="server", variable="FRISKET_SERVER",
        example="192.0.2.7:50051",
    ),
    Option(
        "token-file",
        "file with the server's token; by default the variable FRISKET_TOKEN",
        path, metavar="FILE", group="server", example="token",
    ),
    Option("tls", "encrypt the connection", group="server"),
    Option(
        "ca", "PEM certificate to trust; implies --tls", path, metavar="FILE", group="server",
        example="ca.pem",
    ),
    Option(
        "cert", "your own PEM certificate, for a server that asks for one; implies --tls",
        path, metavar="FILE", group="server", example="cert.pem",
    ),
    Option(
        "cert-key", "the PEM key of --cert", path, metavar="FILE", group="server",
        example="key.pem",
    ),
    Option(
        "device",
        "of the local server; cuda and tensorrt fail where there is none; "
        f"default: {DEFAULT_DEVICE}",
        str, default=DEFAULT_DEVICE, choices=DEVICES, group="server", variable="FRISKET_DEVICE",
    ),
)  # fmt: skip


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add --server, --token-file, --tls, --ca, --cert, --cert-key and --device."""
    add_options(parser, SERVER_OPTIONS)


def server_choice(arguments: argparse.Namespace) -> ServerChoice:
    """Return the server that options, environment and configuration file describe.

    Raises:
        UsageError: one of them cannot be used.
    """
    from frisket.jobs.connection import ServerChoice

    fill(arguments, SERVER_OPTIONS)
    return ServerChoice(
        address=arguments.server,
        token_file=arguments.token_file,
        tls=arguments.tls,
        ca_file=arguments.ca,
        certificate=arguments.cert,
        key=arguments.cert_key,
        device=arguments.device or DEFAULT_DEVICE,
    )
