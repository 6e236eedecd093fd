"""The options of `frisket serve`, read without importing anything that a server needs."""

from __future__ import annotations

import argparse
import math
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from frisket.protocol.choices import DEFAULT_DEVICE, DEVICES
from frisket.protocol.devices import BadDevice, split_devices
from frisket.server.config import KEEP_S, STANDARD_ERROR, Access, Config, ConfigError
from frisket.server.limits import Bound, Limits, list_bounds
from frisket.token_file import BadToken, read_token, read_variable

LOCAL_IDLE_EXIT_S = 600.0
MAX_THREADS = 1024
MAX_PORT = 65535
MAX_CACHE_MIB = 1 << 20
_UNITS_S = {"s": 1, "m": 60, "h": 3600}


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
        type=_device,
        metavar="DEVICE",
        default=DEFAULT_DEVICE,
        help=f"{', '.join(DEVICES)}; cuda and tensorrt fail where there is none, can be several "
        f"(cuda:0,cuda:1) and compute in half precision (cuda+half); default: {DEFAULT_DEVICE}",
    )
    parser.add_argument(
        "--threads", type=_threads, metavar="N", default=0, help="default: one per core"
    )
    parser.add_argument(
        "--idle-exit", type=_seconds, metavar="S", help="leave after S idle seconds"
    )
    parser.add_argument(
        "--drain",
        type=_seconds,
        metavar="S",
        default=30.0,
        help="on SIGTERM open streams get S seconds to finish; default: 30",
    )
    _add_models(parser)
    _add_telemetry(parser)
    _add_limits(parser)
    _add_access(parser)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="NAME",
        action="append",
        default=[],
        help="open this model before serving and keep it in memory; may be repeated",
    )
    parser.add_argument(
        "--keep-alive",
        type=_duration,
        metavar="TIME",
        default=KEEP_S,
        help="how long other models stay in memory after their last use, with a unit (90s, 5m, "
        "2h), 0 or forever; default: 5m",
    )
    parser.add_argument(
        "--coarse-cache",
        type=_mebibytes,
        metavar="MIB",
        default=0,
        help="keep as much of first masks in memory, for pictures that come again; default: 0",
    )
    parser.add_argument(
        "--coarse-folder",
        type=Path,
        metavar="FOLDER",
        help="keep them in this folder too, a gigabyte of them",
    )


def _add_telemetry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--access-log",
        metavar="FILE",
        default=STANDARD_ERROR,
        help="log each session there as a line of JSON; - is standard error, where a local "
        "server logs only those that fail; an empty name is nowhere; default: -",
    )
    parser.add_argument(
        "--metrics",
        type=_port,
        metavar="PORT",
        help="tell Prometheus on this port of 127.0.0.1 how the server does; 0 for a free one",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    metavars = {"": "N", "s": "S", "bytes": "MIB"}
    for row in list_bounds():
        if row.option:
            parser.add_argument(
                row.option,
                dest=row.name,
                type=_read_limit(row),
                metavar=metavars[row.unit],
                default=row.default,
                help=f"{row.meaning}; default: {row.write(row.default)}",
            )


def _read_limit(row: Bound) -> Callable[[str], float]:
    """Return what reads a limit's option, and refuses what lies beyond its range."""

    def read(text: str) -> float:
        value = (float if row.unit == "s" else int)(text) * row.scale
        if not row.accept(value):
            raise argparse.ArgumentTypeError(
                f"'{text}' is not between {row.write(row.least)} and {row.write(row.most)}"
            )
        return value

    read.__name__ = "number"
    return read


def _add_access(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="clients must present one of its tokens; read again when it changes",
    )
    parser.add_argument(
        "--make-token",
        type=Path,
        metavar="FILE",
        help="write a new token into FILE, readable by you alone, and exit",
    )
    parser.add_argument("--tls-cert", type=Path, help="PEM certificate chain")
    parser.add_argument("--tls-key", type=Path, help="PEM private key")
    parser.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="clients must show a certificate that this PEM authority signed",
    )


def configure(arguments: argparse.Namespace) -> Config:
    """Return the configuration that options describe.

    Raises:
        ConfigError: the token cannot be used.
    """
    if arguments.local and arguments.device not in DEVICES:
        raise ConfigError(
            f"A local server runs on one of {', '.join(DEVICES)}: leave --local away."
        )
    idle = arguments.idle_exit
    if idle is None:
        idle = LOCAL_IDLE_EXIT_S if arguments.local else 0.0
    return Config(
        address=arguments.listen or "127.0.0.1:0",
        device=arguments.device,
        threads=arguments.threads,
        models=tuple(dict.fromkeys(arguments.model)),
        keep_s=arguments.keep_alive,
        local=arguments.local,
        idle_exit_s=idle,
        drain_s=arguments.drain,
        access_log=arguments.access_log,
        metrics=arguments.metrics,
        coarse_bytes=arguments.coarse_cache << 20,
        coarse_folder=arguments.coarse_folder,
        access=Access(
            _token(arguments),
            arguments.tls_cert,
            arguments.tls_key,
            None if arguments.local else arguments.token_file,
            arguments.tls_client_ca,
        ),
        limits=Limits(
            **{row.name: getattr(arguments, row.name) for row in list_bounds() if row.option}
        ),
    )


def _token(arguments: argparse.Namespace) -> str:
    """Return the one token: made up for a local server, or from the environment."""
    try:
        if arguments.token_file is not None and not arguments.local:
            return ""
        if arguments.token_file is not None:
            return read_token(arguments.token_file)
        # A token in the environment is that of a server elsewhere. A local server's is known
        # to its announcement alone, and cannot be guessed from what it proves.
        return secrets.token_urlsafe(24) if arguments.local else read_variable()
    except BadToken as error:
        raise ConfigError(str(error)) from error


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return value


def _duration(text: str) -> float:
    """Read a time; a number without a unit is refused, for some would mean minutes."""
    if text in ("0", "forever"):
        return 0.0 if text == "0" else math.inf
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh])", text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time: write it with a unit, as in 90s, 5m or 2h; or 0 or forever"
        )
    return float(found[1]) * _UNITS_S[found[2]]


def _device(text: str) -> str:
    try:
        split_devices(text)
    except BadDevice as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _threads(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_THREADS:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {MAX_THREADS}")
    return value


def _mebibytes(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_CACHE_MIB:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {MAX_CACHE_MIB}")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {MAX_PORT}")
    return value


# What argparse calls them when it refuses a value.
_seconds.__name__, _threads.__name__ = "number of seconds", "number of threads"
_port.__name__, _mebibytes.__name__ = "port", "number of MiB"
