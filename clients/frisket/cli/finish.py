"""`frisket finish`: what is made of subjects whose matte exists: finished pictures, outlines."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.cut_options import CUTLINE, EXISTING, JSON, OUTLINE, THRESHOLD
from frisket.cli.finish_options import EDGE_OPTIONS, FINISH_OPTIONS, MATTE
from frisket.cli.kinds import FINISH_USES, check_kinds
from frisket.cli.options import ENCODING, Option, add_options
from frisket.cli.settings import fill
from frisket.cli.style import warn
from frisket.finish.readers import FINISHED

if TYPE_CHECKING:
    from frisket.cli.exits import Exit
    from frisket.cli.progress import Bar
    from frisket.finish.chain import Finish
    from frisket.finish.finishing import FinishResult
    from frisket.jobs.existing import OutlineResult
    from frisket.jobs.names import Template
    from frisket.jobs.task import Task

    Result = FinishResult | OutlineResult

ROWS = (
    Option(
        "output", "file, folder, or a template as of 'frisket cut'; default: STEM-finished beside "
        "the input",
        str, short="o", metavar="OUT", default="", stored=False,
    ),
    MATTE,
    Option(
        "as", "finished: a finished picture; path: the outline as a Bézier path; cutline: a PDF "
        "for print and cut",
        str, default=FINISHED, choices=(FINISHED, "path", "cutline"), dest="kind", stored=False,
    ),
    Option("layer", "of a layered input: name, path, glob or #id", str, metavar="LAYER",
           default="", stored=False, example="Person*"),
    ENCODING,
    Option("overwrite", "replace outputs whose names were not spelt out with -o", stored=False),
    JSON,
    Option("quiet", "print errors only", short="q", stored=False),
    Option("no-progress", "hide the progress bar", stored=False),
    *FINISH_OPTIONS,
    *EDGE_OPTIONS,
    replace(THRESHOLD, help="opacity that an outline runs along, above 0 and at most 1; default: "
            "0.5", group="outline"),
    replace(EXISTING, help="what becomes of a path of the same name, and of another clipping path: "
            "refuse or replace; default: refuse", choices=("refuse", "replace"), group="outline"),
    *(replace(row, group="outline") for row in OUTLINE),
    *CUTLINE,
)  # fmt: skip


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "finish",
        help=COMMANDS["finish"],
        description="Finish pictures whose matte exists, or that have transparency.",
        usage="frisket finish [OPTION …] INPUT … [-o OUT]",
    )
    parser.gathers = "input"
    parser.add_argument(
        "input", nargs="+", metavar="INPUT", help="a picture, a folder of them, or a glob"
    )
    add_options(parser, ROWS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Finish every input, and say what was done."""
    check_kinds(vars(arguments), [getattr(arguments, "kind", FINISHED)], FINISH_USES)
    fill(arguments, ROWS)
    from frisket.cli.progress import bar

    hidden = arguments.no_progress or arguments.quiet
    with bar(sys.stderr.isatty() and not hidden) as progress:
        how = _read(arguments)
        tasks = _plan(arguments, how)
        statuses = [_attempt(arguments, task, progress, len(tasks)) for task in tasks]
    return _combine(statuses)


def _combine(statuses: list[Exit]) -> Exit:
    from frisket.cli.exits import Exit

    return statuses[0] if len(set(statuses)) == 1 else Exit.PARTLY


def _read(arguments: argparse.Namespace) -> Finish | None:
    """Return the finish; none for an outline, which has no use for it."""
    if arguments.kind != FINISHED:
        return None
    rows = (*FINISH_OPTIONS, *EDGE_OPTIONS)
    given = {row.attribute: getattr(arguments, row.attribute) for row in rows}
    from frisket.finish.chain import Finish
    from frisket.finish.options import read_finish

    return read_finish({**given, "overwrite": arguments.overwrite}) or Finish()


def _plan(arguments: argparse.Namespace, how: Finish | None) -> list[Task]:
    """Return what is to be done, every output named, nothing done yet."""
    from frisket.cli.cut import make_folder, read_cutline, read_outline, read_template
    from frisket.jobs.inputs import find_inputs
    from frisket.jobs.names import plan_tasks
    from frisket.jobs.task import CutOptions

    template, folder = read_template(arguments.output)
    _read_matte(arguments.matte)  # what it cannot be is said before anything is done
    layers = (arguments.layer,) if arguments.layer else ()
    wanted = CutOptions(
        kind=arguments.kind, layers=layers, encoding=arguments.encoding, finish=how,
        threshold=arguments.threshold, existing=arguments.existing, outline=read_outline(arguments),
        cutline=read_cutline(arguments),
    )  # fmt: skip
    tasks = plan_tasks(find_inputs(arguments.input), [wanted], template, arguments.overwrite)
    make_folder(folder)
    return tasks


def _attempt(arguments: argparse.Namespace, task: Task, progress: Bar, number: int) -> Exit:
    from frisket.cli.errors import report_error
    from frisket.cli.exits import Exit
    from frisket.jobs.cutting import refuse_taken

    def say(sentence: str) -> None:
        progress.hide()
        if not arguments.quiet:
            warn(sentence)

    if number > 1:
        progress.begin(task.source.name)
    try:
        refuse_taken(task)
        result = _make(arguments, task, progress, say)
    except Exception as error:
        progress.hide()
        if arguments.traceback:
            raise
        return report_error(error, arguments.json, str(task.source) if number > 1 else "")
    progress.hide()
    _tell(arguments, task, result)
    return Exit.OK


def _make(
    arguments: argparse.Namespace, task: Task, progress: Bar, say: Callable[[str], None]
) -> Result:
    matte, wanted = _find_matte(arguments.matte, task.source), task.options
    how = wanted.finish
    if how is None:
        from frisket.jobs.existing import draw_outline

        return draw_outline(task, matte, say)
    from frisket.finish.finishing import finish_file

    layer = next(iter(wanted.layers), None)  # of this task: with {layer} each has one of its own
    return finish_file(
        task.source, task.output, matte, how, layer, progress, say, encoding=wanted.encoding
    )


def _find_matte(matte: Path | None, source: Path) -> Path | None:
    """Return the matte of an input; a template is filled with its folder and name."""
    template = _read_matte(matte)
    if template is None:
        return matte
    return template.fill({"dir": str(source.parent), "stem": source.stem})


def _read_matte(matte: Path | None) -> Template | None:
    """Return how mattes are named; None where there is none, or one for all.

    Raises:
        BadName: a placeholder is none of those that a matte has.
    """
    from frisket.jobs.names import Template

    return Template(str(matte), ("dir", "stem")) if matte and "{" in str(matte) else None


def _tell(arguments: argparse.Namespace, task: Task, result: Result) -> None:
    if arguments.json:
        print(json.dumps(dict(_describe(task, result))), flush=True)
    if arguments.quiet:
        return
    if not arguments.json:
        for path in result.outputs:
            print(f"{path}  {path.stat().st_size / 1e6:.2f} MB  {result.seconds:.1f} s")


def _describe(task: Task, result: Result) -> Iterator[tuple[str, Any]]:
    yield "input", str(task.source)
    yield "output", str(task.output)
    yield "outputs", [str(path) for path in result.outputs]
    yield "seconds", result.seconds
    yield "notes", list(result.notes)
