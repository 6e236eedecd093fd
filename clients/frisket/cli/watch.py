"""`frisket watch`: a hot folder, whose pictures are fed to a batch as they arrive."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.batch import adjust, check_printed, read_named_recipe, work
from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import add_options
from frisket.cli.settings import fill
from frisket.cli.watch_options import WATCH_OPTIONS

if TYPE_CHECKING:
    from frisket.cli.batch_outcomes import Reporter
    from frisket.jobs.watch.manners import Manners
    from frisket.jobs.watch.watch import Watch


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "watch",
        help=COMMANDS["watch"],
        description="Cut what arrives in a folder, once it stands still and is whole.",
        usage="frisket watch [OPTION …] FOLDER -o OUT",
    )
    parser.add_argument("folder", metavar="FOLDER", help="the folder, with all folders in it")
    add_options(parser, WATCH_OPTIONS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Cut what arrives until Ctrl-C or SIGTERM."""
    fill(arguments, WATCH_OPTIONS, read_named_recipe(arguments))
    from frisket.cli.batch_outcomes import Reporter, WatchBar
    from frisket.cli.progress import show

    check_printed(arguments)
    hidden = arguments.no_progress or arguments.quiet or not sys.stderr.isatty()
    shown = None if hidden or arguments.print_unit else sys.stderr
    with show(WatchBar(arguments.folder, shown)) as bar:
        reporter = Reporter(arguments, bar)
        watch = make_watch(arguments, reporter)
        if not arguments.print_unit:
            return work(watch, reporter)
    return _print_unit(arguments, watch)


def make_watch(arguments: argparse.Namespace, reporter: Reporter) -> Watch:
    """Return the watch that the command line describes.

    Raises:
        BadName, BadOption: it describes none.
    """
    from frisket.cli.cut import list_choices
    from frisket.cli.ticket import Tickets
    from frisket.jobs.batch.run import Rules
    from frisket.jobs.watch.watch import Watch

    watch = Watch(
        arguments.folder,
        arguments.output or "",
        list_choices(arguments, not arguments.no_sandbox),
        manners=_read_manners(arguments),
        rules=Rules(arguments.jobs, arguments.retries, thumbnails=not arguments.no_thumbnails),
        overwrite=arguments.overwrite,
        journal=arguments.journal,
        listen=reporter.listen,
        adjust=lambda chosen, changed: adjust(arguments, chosen, changed),
        words=sys.argv[1:],
    )
    watch.read_ticket = Tickets(arguments, watch.place).read
    return watch


def _read_manners(arguments: argparse.Namespace) -> Manners:
    from frisket.jobs.watch.manners import Manners

    return Manners(
        moves=arguments.move,
        poll_s=arguments.poll,
        looks=arguments.settle,
        give_up_s=arguments.give_up,
        ignore_updates=arguments.ignore_updates,
        least_bytes=arguments.min_size,
        windows=tuple(arguments.window),
        duplicates=arguments.duplicates,
        tickets=arguments.tickets,
        once=arguments.once,
    )


def _print_unit(arguments: argparse.Namespace, watch: Watch) -> int:
    from frisket.cli.unit import compose_unit

    words = [word for word in sys.argv[1:] if word != "--print-unit"]
    print(compose_unit(Path(arguments.folder), watch.place.base, words), end="")
    return Exit.OK
