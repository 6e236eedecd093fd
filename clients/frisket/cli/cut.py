"""`frisket cut`: read layers, matte them, write the results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.cut_options import CUT_OPTIONS, CUTLINE, EDGE, OUTLINE
from frisket.cli.finish_options import FINISH_OPTIONS
from frisket.cli.kinds import CUT_USES, check_kinds
from frisket.cli.lighter import load_quickly
from frisket.cli.options import add_options
from frisket.cli.parser import UsageError
from frisket.cli.server_options import server_choice
from frisket.cli.settings import fill
from frisket.protocol.choices import name_key_model

if TYPE_CHECKING:
    from frisket.cli.cut_outcomes import Teller
    from frisket.cli.progress import Bar
    from frisket.documents.core.cutline import CutlineOptions
    from frisket.documents.core.outline import OutlineOptions
    from frisket.finish.chain import Finish
    from frisket.jobs.names import Template
    from frisket.jobs.task import CutOptions, Task


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "cut",
        help=COMMANDS["cut"],
        description="Cut a subject out of a layer, of one file or of many.",
        usage="frisket cut [OPTION …] INPUT … [-o OUT]",
    )
    parser.gathers = "input"
    parser.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="a document, a folder of them, a glob, or '-' for standard input",
    )
    add_options(parser, CUT_OPTIONS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Cut every input, and say what was done."""
    from frisket.cli.progress import bar

    check_kinds(vars(arguments), getattr(arguments, "kind", ()), CUT_USES)
    fill(arguments, CUT_OPTIONS)
    hidden = arguments.no_progress or arguments.quiet
    with bar(sys.stderr.isatty() and not hidden) as progress, ExitStack() as stack:
        # After the first label is seen: this loads what decodes and encodes.
        with load_quickly():
            from frisket.cli.cut_outcomes import Teller

        tasks = _plan(arguments, stack)
        teller = Teller(arguments, tasks)
        _work(tasks, teller, progress)
    return teller.finish()


def _work(tasks: Sequence[Task], teller: Teller, progress: Bar) -> None:
    from frisket.jobs.many import DEFAULT_JOBS, cut_many
    from frisket.jobs.task import group_tasks

    groups = group_tasks(tasks)
    jobs = min(DEFAULT_JOBS, len(groups))
    _announce(tasks, 0, progress)
    with closing(cut_many(groups, progress=progress, jobs=jobs)) as outcomes:
        for number, outcome in enumerate(outcomes, 1):
            progress.hide()
            teller.take(outcome)
            if teller.is_hopeless:
                break
            _announce(tasks, number, progress)


def _announce(tasks: Sequence[Task], number: int, progress: Bar) -> None:
    """Say which of several files comes next, where there is one more."""
    if 1 < len(tasks) > number:
        progress.begin(f"[{number + 1}/{len(tasks)}] {tasks[number].source.name}")


def _plan(arguments: argparse.Namespace, stack: ExitStack) -> list[Task]:
    """Return what is to be done, every output named, nothing done yet."""
    from dataclasses import replace

    from frisket.cli import pipes
    from frisket.jobs.inputs import find_inputs
    from frisket.jobs.names import plan_tasks, spelt_out

    piped = arguments.input == [pipes.PIPE]
    arguments.output = arguments.output or (pipes.PIPE if piped else "")
    choices = list_choices(arguments, arguments.sandbox)
    scratch = Path()
    if piped or arguments.output == pipes.PIPE:
        scratch = stack.enter_context(pipes.scratch_folder())
    if not piped and pipes.PIPE in arguments.input:
        raise UsageError("'-' (standard input) cannot be mixed with other inputs.")
    sources = [pipes.receive(scratch)] if piped else find_inputs(arguments.input)
    if len(sources) > 1:  # nobody waits for the mask of each, and all are to be done soon
        choices = [replace(one, batch=True) for one in choices]
    if arguments.output != pipes.PIPE:
        template, folder = read_template(arguments.output)
        tasks = plan_tasks(sources, choices, template, arguments.overwrite)
        make_folder(folder)
        return tasks
    if len(sources) > 1 or len(choices) > 1 or arguments.json:
        raise UsageError("Standard output takes one picture, and no --json beside it.")
    pipes.check_standard_output()
    return plan_tasks(sources, choices, spelt_out(scratch / "standard output.png"))


def read_template(output: str) -> tuple[Template, Path | None]:
    """Return how outputs are named, and the folder to make for them."""
    from frisket.jobs.names import Template, beside
    from frisket.jobs.paths import read_path

    path = read_path(output)
    if not output:
        return beside(), None
    if output.endswith(("/", "\\")) or path.is_dir():
        return beside(path), path
    return Template(str(path)), None


def make_folder(folder: Path | None) -> None:
    """Make the folder of the outputs, where there is one to make.

    Raises:
        OutputError: it cannot be made.
    """
    if folder is not None:
        from frisket.documents.io import output

        output.make_folder(folder)


def read_outline(arguments: argparse.Namespace) -> OutlineOptions:
    """Return how the command line wants an outline drawn."""
    from frisket.jobs.keywords import make_outline

    named = {row.attribute: getattr(arguments, row.attribute) for row in OUTLINE}
    named["name"], named["clip"] = named.pop("path_name"), not named.pop("no_clip")
    return make_outline(named)


def read_cutline(arguments: argparse.Namespace) -> CutlineOptions:
    """Return what the command line wants printed around a cut line."""
    from frisket.jobs.keywords import make_cutline

    named = {row.attribute: getattr(arguments, row.attribute) for row in CUTLINE}
    return make_cutline({**named, "ppi": named["ppi"] or 0.0})


def list_choices(arguments: argparse.Namespace, sandbox: bool) -> list[CutOptions]:
    """Return the options of each kind of result that was asked for, each kind once."""
    kinds = dict.fromkeys(arguments.kind or [""])
    return [options(arguments, kind, sandbox) for kind in kinds]


def options(arguments: argparse.Namespace, kind: str, sandbox: bool) -> CutOptions:
    """Return what the command line describes, for one kind of result."""
    from frisket.client.options import Edge, Point
    from frisket.jobs.hint_files import HintFiles
    from frisket.jobs.task import CutOptions

    points = tuple(Point(x, y, positive) for x, y, positive in arguments.point)
    return CutOptions(
        kind=kind,
        layers=tuple(arguments.layer),
        all_layers=arguments.all_layers,
        encoding=arguments.encoding,
        model=name_key_model(arguments.key) if arguments.key else arguments.model,
        classes=arguments.classes,
        quality=arguments.quality,
        normalise=arguments.normalise,
        edge=Edge(**{row.attribute: getattr(arguments, row.attribute) for row in EDGE}),
        depth=arguments.depth,
        existing=arguments.existing,
        preview=arguments.preview,
        convert=arguments.convert,
        sandbox=sandbox,
        decontaminate=not arguments.no_decontaminate,
        allow_empty=arguments.allow_empty,
        threshold=arguments.threshold,
        outline=read_outline(arguments),
        cutline=read_cutline(arguments),
        hints=HintFiles(tuple(arguments.box), points, arguments.trimap, arguments.prior),
        server=server_choice(arguments),
        finish=_finish(arguments, kind),
    )


def _finish(arguments: argparse.Namespace, kind: str) -> Finish | None:
    """Return the finish; of several kinds of result it is for the finished one alone."""
    from frisket.finish.readers import FINISHED

    others = FINISHED in (arguments.kind or ())
    given = {row.attribute: getattr(arguments, row.attribute, None) for row in FINISH_OPTIONS}
    # Who gives none does not wait for what computes them.
    if (others and kind != FINISHED) or not any(given.values()):
        return None
    check_kinds([name for name, value in given.items() if value], [kind] if kind else [], CUT_USES)
    from frisket.finish.options import read_finish

    return read_finish({**given, "overwrite": arguments.overwrite})
