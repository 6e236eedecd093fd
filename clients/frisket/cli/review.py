"""`frisket review`: look at what a batch made, and decide; or keep the page as one file."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import Option, add_options, path
from frisket.cli.pages import PAGE_OPTIONS, announce
from frisket.cli.parser import UsageError
from frisket.cli.settings import fill
from frisket.cli.style import warn

if TYPE_CHECKING:
    from frisket.jobs.batch.journal import Journal
    from frisket.review.views import RedoOption

_PATIENCE_S = 5.0  # a page that waits longer for the journal looks dead


_OPTIONS = (
    Option(
        "export", "write the page as one file instead, for looking without frisket",
        path, metavar="FILE.html", stored=False,
    ),
    *PAGE_OPTIONS,
)  # fmt: skip
# What a person may change for one result: nothing that names files, servers or outputs.
_REDO_NAMES = (
    *("threshold", "quality", "model", "layer", "classes", "normalise", "box", "point"),
    *("shift", "feather", "contrast", "smooth", "fill-holes", "drop-specks"),
    *("no-decontaminate", "allow-empty"),
)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "review",
        help=COMMANDS["review"],
        description="Show what a batch made in the browser: look, approve, reject, redo.",
        usage="frisket review [OPTION …] RUN",
    )
    parser.add_argument(
        "place", type=path, metavar="RUN", help="the folder or archive of a batch's results"
    )
    add_options(parser, _OPTIONS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or write it."""
    from frisket.cli.batch_status import find_folder
    from frisket.jobs.batch.journal import Journal

    fill(arguments, _OPTIONS)
    folder = find_folder(str(arguments.place))
    root = Path(os.path.abspath(folder)).parent  # noqa: PTH100
    with Journal.open(folder, patience_s=_PATIENCE_S) as journal:
        if arguments.export is not None:
            return _export(journal, root, arguments.export)
        return _serve(journal, root, arguments)


def _export(journal: Journal, root: Path, file: Path) -> Exit:
    from frisket.review.export import export_page

    done = export_page(journal, root, file)
    if done.smaller:
        warn(f"{_count(done.smaller)} only small pictures in {file}: there was no room for more")
    if done.bare:
        warn(f"{_count(done.bare)} no picture in {file}: there was no room for more")
    print(f"{file}  {done.results} results, {done.bytes / 1e6:.1f} MB")
    return Exit.OK


def _count(results: int) -> str:
    return "1 result has" if results == 1 else f"{results} results have"


def _serve(journal: Journal, root: Path, arguments: argparse.Namespace) -> Exit:
    from frisket.review.app import ReviewApp
    from frisket.review.server import open_server

    app = ReviewApp(journal, root, list_redo_options(), check_options)
    with open_server(arguments.port, app.answer) as server:
        counts = journal.counts()
        print(f"{counts.done} results, {counts.review} to look at")
        announce(server, app.guard, arguments.no_open)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            # A decision that is being stored is stored: the journal is closed after it.
            print("\nThe page is closed; all decisions are in the journal.")
        finally:
            app.close()
    return Exit.OK


def list_redo_options() -> tuple[RedoOption, ...]:
    """Return what the page offers for "redo with …", from the rows of `frisket batch`."""
    from frisket.cli.batch_options import BATCH_OPTIONS

    rows = {row.name: row for row in BATCH_OPTIONS}
    return tuple(_offer(rows[name]) for name in _REDO_NAMES)


def check_options(changed: Mapping[str, str]) -> None:
    """Refuse options that no run could use.

    Raises:
        ValueError: there is no such option or value.
    """
    from frisket.cli.batch import read_changes

    for name in changed:
        if name not in _REDO_NAMES:
            raise ValueError(f"{name} cannot be changed for one result.")
    try:
        read_changes(changed)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _offer(row: Option) -> RedoOption:
    from frisket.review.views import RedoOption

    example = row.example
    if isinstance(example, list):
        example = ",".join(map(str, example))
    choices = tuple(map(str, row.choices))
    return RedoOption(row.name, row.help, choices, str(example or row.metavar), row.is_switch)
