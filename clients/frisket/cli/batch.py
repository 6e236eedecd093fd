"""`frisket batch`: many documents, with a journal, a recipe and events."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from frisket.cli.batch_options import BATCH_OPTIONS
from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import add_options
from frisket.cli.parser import UsageError
from frisket.cli.settings import fill
from frisket.cli.style import warn

if TYPE_CHECKING:
    from frisket.cli.batch_outcomes import Reporter
    from frisket.cluster.ray_engine import RayEngine
    from frisket.cluster.sending import SentBatch, Staging
    from frisket.jobs.batch.batch import Batch
    from frisket.jobs.task import CutOptions
    from frisket.jobs.watch.watch import Watch

_LIST = "-"
_RAY_ENDED = (
    "Ray ended on this machine, and this run with it: what is done is kept. Start Ray again, or "
    "name another head with --address, and give the same command once more."
)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "batch",
        help=COMMANDS["batch"],
        description="Cut many documents. After a stop or a kill the same command goes on.",
        usage="frisket batch [OPTION …] INPUT … -o OUT",
    )
    parser.gathers = "input"
    parser.add_argument(
        "input",
        nargs="*",
        metavar="INPUT",
        help="a document, a folder with all in it, a glob, or '-' for names on standard input",
    )
    add_options(parser, BATCH_OPTIONS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Cut everything that is not done yet, and say what was done."""
    fill(arguments, BATCH_OPTIONS, read_named_recipe(arguments))
    if arguments.status:
        from frisket.cli.batch_status import tell_status

        return tell_status(arguments)
    if arguments.engine == "ray" and not arguments.dry_run:
        from frisket.cli.apart import run_apart

        return run_apart(partial(_run, arguments), _RAY_ENDED, Exit.SERVER)
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from frisket.cli.batch_outcomes import BatchBar, Reporter
    from frisket.cli.progress import show
    from frisket.cluster.sending import SentBatch

    check_printed(arguments)
    hidden = arguments.no_progress or arguments.quiet or not sys.stderr.isatty()
    with show(BatchBar(None if hidden else sys.stderr)) as bar:
        reporter = Reporter(arguments, bar)
        staging = stage(arguments)
        if arguments.dry_run:
            return reporter.tell_plan(make_batch(arguments, reporter, staging).plan())
        with open_engine(arguments) as engine:
            batch = make_batch(arguments, reporter, staging, engine)
            results = staging.results
            return work(SentBatch(batch, results) if results else batch, reporter)


def check_printed(arguments: argparse.Namespace) -> None:
    """Refuse two kinds of JSON in one stream.

    Raises:
        UsageError: both are asked for.
    """
    if arguments.events and arguments.json:
        raise UsageError("--events and --json both print JSON: give one of them.")


def work(batch: Batch | Watch | SentBatch, reporter: Reporter) -> int:
    """Run a batch or a watch, report what becomes of it, and return the exit status."""
    from frisket.cli.explain import explain
    from frisket.protocol.errors import FrisketError

    with _interruptible(batch) as interrupted:
        try:
            for done in batch:
                reporter.take(done)
        except FrisketError as error:
            sentence, status = explain(error)
            return reporter.stop(sentence, status, batch.summary)
    return reporter.finish(batch.summary, bool(interrupted))


@contextmanager
def _interruptible(batch: Batch | Watch | SentBatch) -> Iterator[list[int]]:
    """Let the first Ctrl-C finish what is at work, and the second leave at once."""
    caught: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        caught.append(number)
        if len(caught) == 1:
            warn("what is at work is finished; Ctrl-C once more leaves at once")
            batch.stop()
        else:
            batch.abandon()
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            # Who asked once has been obeyed: to ask again while the program leaves changes nothing.
            signal.signal(number, signal.SIG_IGN if len(caught) == 1 else handler)


def read_named_recipe(arguments: argparse.Namespace) -> Mapping[str, Any]:
    """Return the values of the recipe that the command line names; none without one.

    Raises:
        UsageError: there is none of that name, or something is wrong in it.
    """
    if not getattr(arguments, "recipe", None):
        return {}
    from frisket.cli.recipe_file import read_recipe

    return read_recipe(arguments.recipe).require()


def open_engine(arguments: argparse.Namespace) -> AbstractContextManager[RayEngine | None]:
    """Return where results are made, for as long as the block lasts; None: on this machine.

    Raises:
        UsageError: the address is not for this engine.
        ClusterError: the cluster cannot be used.
    """
    if arguments.engine != "ray":
        if arguments.address:
            raise UsageError("--address is of a Ray cluster: say --engine ray too.")
        return nullcontext()
    from frisket.cluster.ray_engine import RayEngine

    return RayEngine(arguments.address)


def stage(arguments: argparse.Namespace) -> Staging:
    """Copy the inputs that lie elsewhere to this machine.

    Raises:
        UsageError: inputs or output are missing.
        RemoteError: a place elsewhere cannot be read.
    """
    from frisket.cluster.sending import Staging

    if not arguments.output:
        raise UsageError("batch: say where the results go with -o OUT.")
    return Staging(_read_inputs(arguments.input), arguments.output, arguments.journal)


def make_batch(
    arguments: argparse.Namespace,
    reporter: Reporter,
    staging: Staging,
    engine: RayEngine | None = None,
) -> Batch:
    """Return the batch that the command line describes.

    Raises:
        UsageError: it describes none.
    """
    from frisket.cli.cut import list_choices
    from frisket.jobs.batch.batch import Again, Batch
    from frisket.jobs.batch.run import Rules

    jobs = min(arguments.jobs, engine.places) if engine else arguments.jobs
    return Batch(
        staging.inputs,
        staging.output,
        list_choices(arguments, not arguments.no_sandbox),
        again=Again(arguments.overwrite, arguments.force, arguments.redo),
        rules=Rules(jobs, arguments.retries, thumbnails=not arguments.no_thumbnails),
        engine=engine,
        journal=arguments.journal,
        listen=reporter.listen,
        words=sys.argv[1:],
        adjust=lambda chosen, changed: adjust(arguments, chosen, changed),
    )


def adjust(
    arguments: argparse.Namespace, chosen: CutOptions, changed: Mapping[str, str]
) -> CutOptions:
    """Return the options of one result with some changed, named as on the command line.

    What the result has of its own stays: its layer, its class, what a ticket said, its file.

    Raises:
        UsageError: there is no such option or value.
    """
    from frisket.cli.cut import options

    ours = argparse.Namespace(**vars(arguments))
    for attribute, value in read_changes(changed).items():
        setattr(ours, attribute, value)
    before, after = (options(one, chosen.kind, chosen.sandbox) for one in (arguments, ours))
    fresh = {
        field.name: getattr(after, field.name)
        for field in fields(after)
        if getattr(after, field.name) != getattr(before, field.name)
    }
    if chosen.finish and after.finish and "finish" in fresh:
        fresh["finish"] = replace(after.finish, save=chosen.finish.save)
    return replace(chosen, **fresh)


def read_changes(changed: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of options that were changed for one result, by their attributes.

    Raises:
        UsageError: there is no such option or value.
    """
    from frisket.cli.settings import read_value

    rows = {row.name: row for row in BATCH_OPTIONS}
    values = {}
    for name, text in changed.items():
        if name not in rows:
            raise UsageError(f"redo with {name}: there is no such option.")
        row = rows[name]
        value = text == "true" if row.is_switch else text
        values[row.attribute] = read_value(row, value, f"redo with {name}")
    return values


def _read_inputs(words: list[str]) -> list[str]:
    """Return the inputs; '-' stands for a list on standard input, one name a line.

    Raises:
        UsageError: there are none.
    """
    if not words:
        raise UsageError("batch: name inputs: files, folders or globs, or '-' for a list of them.")
    found: list[str] = []
    for word in words:
        if word != _LIST:
            found.append(word)
            continue
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("'-' reads names from standard input: write ls | frisket batch -.")
        data = sys.stdin.buffer.read()
        lines = data.split(b"\0") if b"\0" in data else data.splitlines()
        found += [os.fsdecode(line) for line in lines if line.strip()]
    if not found:
        raise UsageError("batch: the list on standard input names no file.")
    return found
