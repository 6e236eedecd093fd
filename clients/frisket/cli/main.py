"""The `frisket` command.

Sub-commands live in modules of their own; each registers its options and names the
function that runs it. Errors become one sentence and a documented exit status here.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version

from frisket.cli.exits import Exit

_COMMANDS = ("cut", "layers", "verify", "serve", "models", "plugins", "evaluate", "doctor")


def build_parser(wanted: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command, or of one sub-command alone.

    Args:
        wanted: the sub-command that will run; the modules of the others are then not
            loaded, which would take longer than many a command.
    """
    parser = argparse.ArgumentParser(
        prog="frisket",
        description="Cut subjects out of layers of any size.",
        epilog="Exit statuses: docs/cli.md.",
    )
    parser.add_argument("--version", action="version", version=f"frisket {version('frisket')}")
    parser.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (wanted,) if wanted in _COMMANDS else _COMMANDS:
        importlib.import_module(f"frisket.cli.{name}").register(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    wanted = next((word for word in given if not word.startswith("-")), "")
    parsed = build_parser(wanted).parse_args(given)
    if not parsed.traceback:
        _silence_libraries()
    try:
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return _say("Interrupted; nothing was left behind.", Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        if parsed.traceback:
            raise
        return _say(*_explain(error))


def _silence_libraries() -> None:
    """Keep what libraries remark about a file from the terminal; what matters is an error."""
    warnings.simplefilter("ignore")
    logging.lastResort = None


def _say(sentence: str, status: Exit) -> int:
    print(f"frisket: {sentence}", file=sys.stderr)
    return status


def _explain(error: Exception) -> tuple[str, Exit]:
    """Return the sentence and status for an error."""
    # Imported when something has gone wrong, not at every start.
    from frisket.cli.explain import explain

    return explain(error)
