"""Tells how each file of a `frisket cut` ended, and how all of them did."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from frisket.cli import cut_report, pipes
from frisket.cli.errors import report_error
from frisket.cli.exits import Exit
from frisket.cli.style import warn
from frisket.client.errors import NoServer
from frisket.jobs.many import TaskOutcome
from frisket.jobs.task import NoSubject, Task

_PATIENCE = 2  # files in a row that no server answers for
_OPENERS = {"darwin": "open", "linux": "xdg-open"}


class Teller:
    """Reports outcomes one after another and remembers what became of each input.

    Args:
        arguments: of the command.
        tasks: all that is to be done.

    Attributes:
        is_hopeless: whether the rest would fail as well.
    """

    def __init__(self, arguments: argparse.Namespace, tasks: Sequence[Task]) -> None:
        self._arguments, self._tasks = arguments, tasks
        self._sources = len({task.source for task in tasks})
        self._statuses: dict[Path, list[Exit]] = {}
        self._first: Path | None = None
        self._noted: set[str] = set()
        self._taken = self._unanswered = 0
        self.is_hopeless = False

    def take(self, outcome: TaskOutcome) -> None:
        """Report an outcome.

        Raises:
            Exception: the outcome's error, where a traceback was asked for.
        """
        self._taken += 1
        status = self._report(outcome)
        self._statuses.setdefault(outcome.task.source, []).append(status)
        # Once may be a picture that ends the server; whoever tries again gets a fresh one.
        self._unanswered = self._unanswered + 1 if isinstance(outcome.error, NoServer) else 0
        self.is_hopeless = self._unanswered >= _PATIENCE

    def finish(self) -> Exit:
        """Return the exit status of the whole, and open the first result where asked to."""
        untried = len(self._tasks) - self._taken
        if untried:
            warn(f"{untried} more {'was' if untried == 1 else 'were'} not tried")
        if self._arguments.open and self._first is not None:
            open_file(self._first)
        ends = {_combine(statuses) for statuses in self._statuses.values()}
        if untried or len(ends) == 1:
            return max(ends)
        return Exit.PARTLY

    def _report(self, outcome: TaskOutcome) -> Exit:
        task, error = outcome.task, outcome.error
        if error is None:
            self._show(outcome)
            return Exit.OK
        if self._arguments.traceback:
            raise error
        if isinstance(error, NoSubject) and "{class}" in self._arguments.output:
            [name] = task.options.classes
            error = NoSubject(f"no {name} was found, so {task.output} was not written")
        about = str(task.source) if self._sources > 1 else ""
        return report_error(error, self._arguments.json, about, self._pipes(task))

    def _show(self, outcome: TaskOutcome) -> None:
        task, result = outcome.task, outcome.unwrap()
        to_pipe = self._arguments.output == pipes.PIPE
        shown = "standard output" if to_pipe else str(task.output)
        if not self._arguments.quiet:
            self._note(result.notice)
            cut_report.warn_of(result, task.source.name, shown)
        if to_pipe:
            pipes.send(task.output)
        elif self._first is None:
            self._first = task.output
        if self._arguments.json:
            print(cut_report.as_json(result, task.source), flush=True)
        elif not self._arguments.quiet:
            stream = sys.stderr if to_pipe else sys.stdout
            cut_report.tell(result, shown, self._arguments.verbose, stream)

    def _note(self, notice: str) -> None:
        """Say what a model says of itself, once however many files there are."""
        if notice and notice not in self._noted:
            warn(notice)
        self._noted.add(notice)

    def _pipes(self, task: Task) -> dict[str, str]:
        """Return the files that stand for standard input and output, and what to call them."""
        renamed = {}
        if self._arguments.input == [pipes.PIPE]:
            renamed[str(task.source)] = "standard input"
        if self._arguments.output == pipes.PIPE:
            renamed[str(task.output)] = "standard output"
        return renamed


def _combine(statuses: Sequence[Exit]) -> Exit:
    """Return what became of one input: of several files from it, some may have no subject."""
    failures = [one for one in statuses if one not in (Exit.OK, Exit.NO_SUBJECT)]
    if failures:
        return failures[0]
    return Exit.OK if Exit.OK in statuses else Exit.NO_SUBJECT


def open_file(path: Path) -> None:
    """Show a file in the program that the system has for it, without waiting for it."""
    if sys.platform == "win32":
        os.startfile(path)
        return
    opener = shutil.which(_OPENERS.get(sys.platform, "xdg-open"))
    if opener is None:
        warn(f"{path} cannot be shown: this system has no program '{_OPENERS['linux']}'")
        return
    subprocess.Popen(
        [opener, str(path.resolve())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
