"""Starts a server: `frisket serve`, or `python -m frisket.server`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import sys
from pathlib import Path

from frisket.server.config import Access, Config, ConfigError, Limits
from frisket.server.errors import ServiceError
from frisket.server.memory import return_what_is_freed

EXIT_OK, EXIT_REFUSED = 0, 7
LOCAL_IDLE_EXIT_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the server's options to a parser."""
    parser.add_argument(
        "--listen", metavar="HOST:PORT", default="", help="default: a free port on 127.0.0.1"
    )
    parser.add_argument(
        "--local",
        action="store_true",
        help="announce this server to this user's clients and leave when idle",
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="cuda fails where there is none; default: auto",
    )
    parser.add_argument("--threads", type=int, metavar="N", default=0, help="default: one per core")
    parser.add_argument(
        "--model", metavar="NAME", default="", help="load this model before serving"
    )
    parser.add_argument("--idle-exit", type=float, metavar="S", help="leave after S idle seconds")
    parser.add_argument(
        "--drain",
        type=float,
        metavar="S",
        default=30.0,
        help="on SIGTERM open streams get S seconds to finish; default: 30",
    )
    _add_limits(parser)
    _add_access(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-sessions",
        type=int,
        metavar="N",
        default=Limits.sessions,
        help=f"streams at once; default: {Limits.sessions}",
    )
    parser.add_argument(
        "--model-memory",
        type=int,
        metavar="MIB",
        default=0,
        help="idle models leave while models take more than this, by estimate; default: no limit",
    )


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token-file", type=Path, help="clients must present this token")
    parser.add_argument("--tls-cert", type=Path, help="PEM certificate chain")
    parser.add_argument("--tls-key", type=Path, help="PEM private key")


def configure(arguments: argparse.Namespace) -> Config:
    """Return the configuration that options describe.

    Raises:
        ConfigError: the token file cannot be read or is empty.
    """
    idle = arguments.idle_exit
    if idle is None:
        idle = LOCAL_IDLE_EXIT_S if arguments.local else 0.0
    return Config(
        address=arguments.listen or "127.0.0.1:0",
        device=arguments.device,
        threads=max(0, arguments.threads),
        model=arguments.model,
        local=arguments.local,
        idle_exit_s=idle,
        drain_s=arguments.drain,
        access=Access(_token(arguments), arguments.tls_cert, arguments.tls_key),
        limits=Limits(
            sessions=max(1, arguments.max_sessions),
            model_bytes=max(0, arguments.model_memory) << 20,
        ),
    )


def _token(arguments: argparse.Namespace) -> str:
    """Return the token: from its file, the environment, or made up for loopback."""
    if arguments.token_file is not None:
        try:
            token = arguments.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"The token file {arguments.token_file} cannot be read: {error.strerror}."
            ) from error
        if not token:
            raise ConfigError(f"The token file {arguments.token_file} is empty.")
        return str(token)
    if token := os.environ.get("FRISKET_TOKEN", ""):
        return token
    return secrets.token_urlsafe(24) if arguments.local else ""


def serve(arguments: argparse.Namespace) -> int:
    """Run a server and return the exit status."""
    return_what_is_freed()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(_run(configure(arguments)))
    except (ConfigError, ServiceError) as error:
        print(f"frisket: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except KeyboardInterrupt:
        pass
    return EXIT_OK


async def _run(config: Config) -> None:
    # Imported late: a refused configuration should not cost the import of gRPC.
    from frisket.server.app import App

    app = App(config)
    print(f"frisket serves on {app.target}", flush=True)
    if not config.access.token:
        print("frisket: no token is set; any program on this machine may call", file=sys.stderr)
    await app.run()


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="frisket serve", description=__doc__)
    add_arguments(parser)
    return serve(parser.parse_args())
