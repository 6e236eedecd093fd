"""`frisket cut`: read a layer, matte it, write the result."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.cut_report import report
from frisket.cli.exits import Exit
from frisket.cli.layers import add_encoding
from frisket.cli.server_options import add_server_options, server_choice
from frisket.documents.core.results import EXISTING, PREVIEWS
from frisket.jobs.deliver import DELIVERIES
from frisket.protocol.choices import (
    ALPHA_DEPTHS,
    DEFAULT_QUALITY,
    NORMALISE_AUTO,
    NORMALISE_OFF,
    NORMALISE_STEPS,
    QUALITIES,
)

if TYPE_CHECKING:
    from frisket.jobs.many import TaskOutcome
    from frisket.jobs.task import CutOptions, Task

_CLASS = "{class}"  # in the output's name: one file for each class
_EDGE = {
    "shift": ("shift_px", "PX", "expand (+) or contract (-) the edge"),
    "feather": ("feather_px", "PX", "blur the edge"),
    "contrast": ("contrast", "-1..1", "steeper or softer edge"),
    "smooth": ("smooth", "0..1", "round the outline"),
    "fill-holes": ("fill_holes", "SHARE", "fill holes smaller than this share of the subject"),
    "drop-specks": ("drop_specks", "SHARE", "drop specks smaller than this share"),
}


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("cut", help="cut a subject out of a layer")
    _add_input(parser)
    _add_result(parser)
    _add_model(parser)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--no-progress", action="store_true", help="no bar while it works")
    _add_hints(parser)
    _add_edge(parser)
    add_server_options(parser)
    parser.set_defaults(run=run)


def _add_model(parser: argparse.ArgumentParser) -> None:
    """Add what finds the subject, and what happens on the way."""
    parser.add_argument("--model", default="", help="default: the server's")
    parser.add_argument(
        "--classes",
        type=_names,
        default=(),
        metavar="NAME,…",
        help="for models with classes: what is cut, for example person,dog; "
        "one file for each with {class} in the output's name",
    )
    parser.add_argument(
        "--quality",
        choices=QUALITIES,
        default=DEFAULT_QUALITY,
        help=f"how much work the edge gets; default: {DEFAULT_QUALITY}",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="for untrusted files: decode in a child process with limits first",
    )
    parser.add_argument("--no-decontaminate", action="store_true", help="keep the edge's colours")
    parser.add_argument(
        "--allow-empty", action="store_true", help="write where no subject is found too"
    )


def _add_input(parser: argparse.ArgumentParser) -> None:
    """Add what is cut, and where to."""
    parser.add_argument("input", type=Path, help="a flat or layered document")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="where to; may be the input itself"
    )
    parser.add_argument(
        "--layer",
        action="append",
        default=[],
        help="name, path Group/Name, glob, #id, or merged; may be repeated",
    )
    parser.add_argument("--all-layers", action="store_true", help="every layer with pixels")
    add_encoding(parser)


def _add_result(parser: argparse.ArgumentParser) -> None:
    """Add what the result is and how it is written."""
    parser.add_argument(
        "--as", dest="kind", choices=DELIVERIES, default="", metavar="KIND", help=_describe_kinds()
    )
    parser.add_argument("--depth", type=int, choices=ALPHA_DEPTHS, default=8, help="of a matte")
    parser.add_argument(
        "--existing",
        choices=EXISTING,
        default="refuse",
        help="what becomes of a mask or selection that is there already, and of a TIFF's alpha; "
        "default: refuse (an alpha is multiplied)",
    )
    parser.add_argument(
        "--preview",
        choices=PREVIEWS,
        default="mark",
        help="of a PSD with a new mask: say that it is stale, compose it again, or leave it",
    )


def _describe_kinds() -> str:
    described = "; ".join(f"{row.kind}: {row.help}" for row in DELIVERIES.values())
    return f"{described}; default: by the two formats"


def _add_hints(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("hints")
    group.add_argument(
        "--box",
        action="append",
        type=_box,
        default=[],
        metavar="X,Y,W,H",
        help="around the subject, in pixels of the layer; may be repeated",
    )
    group.add_argument(
        "--point",
        action="append",
        type=_point,
        default=[],
        metavar="+X,Y",
        help="+X,Y is the subject, -X,Y is not (write --point=-X,Y)",
    )
    group.add_argument(
        "--trimap", type=Path, help="picture: 0 out, 128 open, 255 in", metavar="FILE"
    )
    group.add_argument(
        "--prior", type=Path, help="picture: a selection or an earlier mask", metavar="FILE"
    )
    group.add_argument(
        "--normalise",
        default=NORMALISE_OFF,
        metavar="STEP,…",
        help=f"what the model sees: {NORMALISE_AUTO}, {NORMALISE_OFF}, "
        f"or {', '.join(NORMALISE_STEPS)}",
    )


def _add_edge(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("edge")
    for option, (name, metavar, text) in _EDGE.items():
        group.add_argument(
            f"--{option}", dest=name, type=float, default=0.0, metavar=metavar, help=text
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _box(text: str) -> tuple[int, int, int, int]:
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y,W,H in pixels") from None
    return x, y, width, height


def _point(text: str) -> tuple[int, int, bool]:
    try:
        x, y = (int(part) for part in text.lstrip("+-").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not +X,Y or -X,Y in pixels") from None
    return x, y, not text.startswith("-")


def run(arguments: argparse.Namespace) -> int:
    """Cut, once or once for each class, and say what was done."""
    from frisket.cli.progress import bar
    from frisket.jobs.many import cut_many

    tasks = _tasks(arguments)
    shown = sys.stderr.isatty() and not arguments.no_progress
    with bar(shown) as progress, closing(cut_many(tasks, progress=progress)) as outcomes:
        done = 0
        for outcome in outcomes:
            progress.hide()
            done += _tell(outcome, arguments)
    return Exit.OK if done else Exit.NO_SUBJECT


def _tasks(arguments: argparse.Namespace) -> list[Task]:
    """Return what is to be done: one file, or one for each class."""
    from frisket.jobs.hint_files import BadHint
    from frisket.jobs.task import Task

    wanted, output = options(arguments), arguments.output
    if _CLASS not in output.name:
        return [Task(arguments.input, output, wanted)]
    if not wanted.classes:
        raise BadHint(f"An output with {_CLASS} needs --classes, which say what to write.")
    return [
        Task(
            arguments.input,
            output.with_name(output.name.replace(_CLASS, name)),
            dataclasses.replace(wanted, classes=(name,)),
        )
        for name in wanted.classes
    ]


def _tell(outcome: TaskOutcome, arguments: argparse.Namespace) -> bool:
    """Report an outcome; False, and a word about it, when a class of several is not there."""
    from frisket.jobs.task import NoSubject

    task = outcome.task
    if isinstance(outcome.error, NoSubject) and task.output != arguments.output:
        [name] = task.options.classes
        print(f"frisket: no {name} was found, so {task.output} was not written", file=sys.stderr)
        return False
    report(outcome.unwrap(), arguments.json)
    return True


def options(arguments: argparse.Namespace) -> CutOptions:
    """Return what the command line describes."""
    from frisket.client.options import Edge, Point
    from frisket.jobs.hint_files import HintFiles
    from frisket.jobs.task import CutOptions

    points = tuple(Point(x, y, positive) for x, y, positive in arguments.point)
    return CutOptions(
        kind=arguments.kind,
        layers=tuple(arguments.layer),
        all_layers=arguments.all_layers,
        encoding=arguments.encoding,
        model=arguments.model,
        classes=arguments.classes,
        quality=arguments.quality,
        normalise=arguments.normalise,
        edge=Edge(**{name: getattr(arguments, name) for name, _, _ in _EDGE.values()}),
        depth=arguments.depth,
        existing=arguments.existing,
        preview=arguments.preview,
        sandbox=arguments.sandbox,
        decontaminate=not arguments.no_decontaminate,
        allow_empty=arguments.allow_empty,
        hints=HintFiles(tuple(arguments.box), points, arguments.trimap, arguments.prior),
        server=server_choice(arguments),
    )
