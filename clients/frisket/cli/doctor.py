"""`frisket doctor`: what is installed, what answers, and what to do about the rest."""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from frisket.about import VERSION
from frisket.cli.exits import Exit
from frisket.cli.server_options import add_server_options, server_choice
from frisket.extras import advise_install

_PACKAGES = ("grpcio", "protobuf", "h2", "numpy", "tifffile", "imagecodecs", "Pillow")
_SERVER_PACKAGES = ("onnxruntime", "opencv-contrib-python-headless")
Line = tuple[bool, str]


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("doctor", help="check the installation and the server")
    add_server_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per check; fail when the server does not answer."""
    checks: tuple[Callable[[argparse.Namespace], Iterator[Line]], ...] = (
        _installation,
        _folder,
        _server,
    )
    healthy = True
    for check in checks:
        for good, text in check(arguments):
            print(f"{'ok  ' if good else 'BAD '} {text}")
            healthy &= good
    return Exit.OK if healthy else Exit.SERVER


def _installation(_: argparse.Namespace) -> Iterator[Line]:
    yield True, f"frisket {VERSION}, Python {platform.python_version()}, {sys.platform}"
    for name in _PACKAGES:
        yield _package(name, "")
    for name in _SERVER_PACKAGES:
        yield _package(name, f"; needed by a local server only; {advise_install('server')}")


def _package(name: str, advice: str) -> Line:
    try:
        return True, f"{name} {version(name)}"
    except PackageNotFoundError:
        return bool(advice), f"{name} is not installed{advice}"


def _folder(_: argparse.Namespace) -> Iterator[Line]:
    from frisket.protocol.home import home

    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield False, f"folder {folder}: {error.strerror}; set FRISKET_HOME to another"
        return
    yield free > 1 << 30, f"folder {folder}, {free / 2**30:.1f} GiB free"


def _server(arguments: argparse.Namespace) -> Iterator[Line]:
    from frisket.client.errors import ClientError
    from frisket.jobs.connection import capabilities

    choice = server_choice(arguments)
    try:
        answer = capabilities(choice)
    except ClientError as error:
        yield False, f"server: {error}"
        return
    where = choice.address or "local"
    yield True, f"server ({where}): frisket {answer.server_version}, device {answer.device}"
    present = [model.name for model in answer.models if model.present]
    default = next((model.name for model in answer.models if model.is_default), "none")
    yield True, f"models: {', '.join(present)}; default {default}"
    if default == "classic":
        yield (
            True,
            "'frisket models default embedded' chooses a learned model, far better than 'classic'",
        )
