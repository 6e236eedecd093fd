"""`frisket evaluate`: how far mattes are from the truth, over a folder."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.cut_options import MODEL, QUALITY
from frisket.cli.errors import report
from frisket.cli.exits import Exit
from frisket.cli.options import Option, add_options, path
from frisket.cli.progress import bar
from frisket.cli.server_options import add_server_options, server_choice
from frisket.cli.settings import fill
from frisket.cli.style import complain

if TYPE_CHECKING:
    from frisket.jobs.connection import Connection
    from frisket.measure.evaluate import MakeAlpha, Row


_OPTIONS = (
    MODEL,
    QUALITY,
    Option("html", "write a page of the worst pictures", path, metavar="FILE", stored=False),
    Option("json", "one JSON object, for errors too", stored=False),
)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("evaluate", help=COMMANDS["evaluate"])
    parser.add_argument("folder", type=path, metavar="DIR", help="pictures with their truth")
    add_options(parser, _OPTIONS)
    add_server_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure the folder and print the table."""
    from frisket.measure.evaluate import EvaluationError, evaluate, format_page, format_table

    fill(arguments, _OPTIONS)
    with (
        tempfile.TemporaryDirectory(prefix="frisket-") as folder,
        _connection(arguments) as connection,
        bar(sys.stderr.isatty()) as line,
    ):
        make = _maker(arguments, Path(folder), connection)
        try:
            rows = evaluate(arguments.folder, make, partial(line, "measuring"))
        except EvaluationError as error:
            report(str(error), Exit.BAD_INPUT, arguments.json)
            return Exit.BAD_INPUT
    print(_json(rows) if arguments.json else format_table(rows))
    if arguments.html:
        try:
            arguments.html.write_text(format_page(rows, str(arguments.folder)), encoding="utf-8")
        except OSError as error:
            complain(f"{arguments.html} cannot be written: {error.strerror}.")
            return Exit.BAD_OUTPUT
    return Exit.OK if any(row.scores for row in rows) else Exit.BAD_INPUT


def _connection(arguments: argparse.Namespace) -> Connection:
    from frisket.jobs.connection import Connection

    return Connection(server_choice(arguments))


def _maker(arguments: argparse.Namespace, folder: Path, connection: Connection) -> MakeAlpha:
    """Return what cuts a picture through the server, as `frisket cut --as matte` does."""
    import numpy as np
    from PIL import Image

    from frisket import CutOptions, cut

    options = CutOptions(
        kind="matte",
        model=arguments.model,
        quality=arguments.quality,
        allow_empty=True,
    )

    def make(picture: Path) -> Any:
        output = folder / "matte.png"
        output.unlink(missing_ok=True)
        cut(picture, output, options, connection=connection)
        with Image.open(output) as image:
            return np.asarray(image.convert("L"))

    return make


def _json(rows: list[Row]) -> str:
    from frisket.measure.evaluate import summary

    pictures = [
        {"name": row.pair.name, "error": row.error, **(row.scores.as_dict() if row.scores else {})}
        for row in rows
    ]
    return json.dumps({**summary(rows), "rows": pictures})
