"""`frisket server loadtest`: artists and jobs on a server, and what they waited for."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from frisket.cli.exits import Exit
from frisket.cli.server_options import add_server_options, server_choice

_MOST_PEOPLE, _MOST_SECONDS = 1000, 86_400.0


def add_loadtest(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb to those of `frisket server`."""
    parser = verbs.add_parser("loadtest", help="let made-up artists and jobs use a server")
    parser.add_argument(
        "--artists", type=_people, default=8, metavar="N", help="who click and think; default: 8"
    )
    parser.add_argument(
        "--jobs", type=_people, default=1, metavar="M", help="of 900 megapixels each; default: 1"
    )
    parser.add_argument(
        "--chaos",
        action="store_true",
        help="and clients that cancel, vanish, are killed, babble and dawdle",
    )
    parser.add_argument("--seconds", type=_seconds, default=600.0, metavar="S", help="default: 600")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of every choice")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the waits as SVG")
    add_server_options(parser)
    parser.set_defaults(run=_run)


def _people(text: str) -> int:
    count = int(text)
    if not 0 <= count <= _MOST_PEOPLE:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {_MOST_PEOPLE}")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {_MOST_SECONDS:.0f}")
    return seconds


_people.__name__, _seconds.__name__ = "number", "number of seconds"


def _run(arguments: argparse.Namespace) -> int:
    from frisket.jobs.connection import connect, ensure_local
    from frisket.loadtest.report import summarise, write_svg, write_text
    from frisket.loadtest.trial import LoadTest, Plan

    plan = Plan(
        artists=arguments.artists,
        jobs=arguments.jobs,
        chaos=arguments.chaos,
        seconds=arguments.seconds,
        seed=arguments.seed,
    )
    _check_plot(arguments.plot)
    choice = server_choice(arguments)
    address = choice.address or ensure_local(choice.device).target
    found = LoadTest(plan, partial(connect, choice), address, _tell).run()
    numbers = summarise(plan, found)
    print(json.dumps(numbers) if arguments.json else write_text(numbers, found), flush=True)
    if arguments.plot is not None:
        arguments.plot.write_text(write_svg(found), encoding="utf-8")
    whole = not (numbers["failures"] or numbers["differing"] or numbers["sessions_left_open"])
    return Exit.OK if whole else Exit.DIFFERENT


def _check_plot(path: Path | None) -> None:
    """Refuse a place for the plot before the test, which takes minutes.

    Raises:
        OSError: nothing can be written there.
    """
    if path is None:
        return
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        number = errno.EISDIR if path.is_dir() else errno.ENOENT
    elif not os.access(folder, os.W_OK):
        number = errno.EACCES
    else:
        return
    raise OSError(number, os.strerror(number), str(path))


def _tell(text: str) -> None:
    print(f"frisket: {text}", file=sys.stderr, flush=True)
