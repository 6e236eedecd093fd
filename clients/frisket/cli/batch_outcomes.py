"""Tells how a `frisket batch` goes: its line on the terminal, its events, its results, its end."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from frisket.cli import cut_report
from frisket.cli.cut_outcomes import open_file
from frisket.cli.errors import report, report_error
from frisket.cli.exits import Exit
from frisket.cli.progress import Bar
from frisket.cli.style import warn
from frisket.jobs.batch import events

if TYPE_CHECKING:
    from frisket.jobs.batch.agenda import Step
    from frisket.jobs.batch.run import BatchResult
    from frisket.jobs.batch.shift import Summary

_GO_ON = "the same command goes on where this one stopped"


class BatchBar(Bar):
    """Shows how many files are done, how fast it goes and how long it still takes."""

    def __init__(self, stream: TextIO | None) -> None:
        self._told: events.Progress | None = None
        super().__init__(stream)

    def take(self, told: events.Progress) -> None:
        """Show how far it is."""
        self._told = told
        self.tick()

    def compose(self) -> str:
        """Return the line as it is now."""
        told = self._told
        if told is None:
            return "looking at the inputs"
        parts = [f"{told.done}/{told.total} files"]
        if told.megapixels_per_second:
            parts.append(f"{told.megapixels_per_second:.1f} MP/s")
        if told.failed:
            parts.append(f"{told.failed} failed")
        if told.review:
            parts.append(f"{told.review} to look at")
        if told.seconds_left is not None:
            parts.append(f"{tell_time(told.seconds_left)} left")
        return "  ".join(parts)


class WatchBar(BatchBar):
    """Shows what became of what arrived in a folder."""

    def __init__(self, folder: str, stream: TextIO | None) -> None:
        self._folder = folder
        super().__init__(stream)

    def compose(self) -> str:
        """Return the line as it is now."""
        told = self._told
        parts = [f"watching {self._folder}"]
        if told is not None:
            parts.append(f"{told.done - told.failed} done")
            for number, text in (
                (told.total - told.done, "at work"),
                (told.failed, "failed"),
                (told.review, "to look at"),
            ):
                parts += [f"{number} {text}"] if number else []
        return "  ".join(parts)


def tell_time(seconds: float) -> str:
    """Return a time as a person says it: no more exact than it is known."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


class Reporter:
    """Reports what happens, in the form that was asked for.

    Args:
        arguments: of the command.
        bar: makes room for other lines.
    """

    def __init__(self, arguments: argparse.Namespace, bar: BatchBar) -> None:
        self._arguments, self._bar = arguments, bar
        self._noted: set[str] = set()
        self._opened = False
        self._lock = threading.Lock()

    def listen(self, event: events.Event) -> None:
        """Take an event, on any thread."""
        with self._lock:
            if self._arguments.events:
                print(json.dumps(event.as_dict()), flush=True)
            if isinstance(event, events.Progress):
                self._bar.take(event)
            elif isinstance(event, events.Warning) and not self._arguments.quiet:
                self._note(event)
            elif isinstance(event, events.Waiting) and not self._arguments.quiet:
                self._note(events.Warning(event.input, event.text))
            elif isinstance(event, events.Failed) and event.again_in is not None:
                self._note(events.Warning(event.input, events.word_retry(event.error)))

    def _note(self, event: events.Warning) -> None:
        """Say a warning; what is the same for many files, once, until something new is said."""
        if event.input is None:
            self._noted.clear()
        if event.text not in self._noted:
            self._noted.add(event.text)
            self._bar.hide()
            name = "" if event.input is None else str(event.input)
            about = "" if not name or name in event.text else f"{name}: "
            warn(f"{about}{event.text}")

    def take(self, done: BatchResult) -> None:
        """Report what became of one result."""
        with self._lock:
            self._bar.hide()
            if done.error is not None:
                report_error(done.error, self._arguments.json, str(done.source))
                return
            assert done.result is not None
            shown = str(done.output)
            if not self._arguments.quiet:
                cut_report.warn_of(done.result, done.source.name, shown)
            if self._arguments.json:
                print(cut_report.as_json(done.result, done.source), flush=True)
            elif self._arguments.verbose and not self._arguments.events:
                cut_report.tell(done.result, shown, True, sys.stdout)
            if self._arguments.open and not self._opened:
                self._opened = True
                open_file(done.output)

    def tell_plan(self, steps: Sequence[Step]) -> Exit:
        """Print what would be done, a line for each result."""
        self._bar.hide()
        for step in steps:
            task = step.planned.task
            why = f"  ({step.reason})" if step.reason else ""
            if self._arguments.json:
                told = {"input": str(task.source), "output": str(task.output)}
                told |= {"action": step.action.value, "reason": step.reason}
                print(json.dumps(told))
            else:
                print(f"{step.action.value:<10} {task.source} -> {task.output}{why}")
        return Exit.OK

    def stop(self, sentence: str, status: Exit, summary: Summary) -> Exit:
        """Report what ended the run before its end."""
        self._bar.hide()
        if summary.waiting:
            sentence = f"{sentence.rstrip('.')}. {_count(summary.waiting)} not done; {_GO_ON}."
        report(sentence, status, self._arguments.json)
        return status

    def finish(self, summary: Summary, interrupted: bool) -> Exit:
        """Say what was done, and return the exit status of the whole."""
        self._bar.hide()
        if not (self._arguments.quiet or self._arguments.json or self._arguments.events):
            print(_sum_up(summary))
        if interrupted:
            left = f"{_count(summary.waiting)} not done; {_GO_ON}"
            report(f"Interrupted. {left}.", Exit.INTERRUPTED, self._arguments.json)
            return Exit.INTERRUPTED
        by_class = "{class}" in self._arguments.output
        if summary.failed or (summary.empty and not by_class):
            if summary.before:
                warn(f"{summary.before} failed in an earlier run; --redo failed tries them again")
            return Exit.SOME_FAILED
        if summary.review and self._arguments.fail_on == "review":
            return Exit.NEEDS_REVIEW
        return Exit.OK


def _count(files: int) -> str:
    return f"{files} {'result is' if files == 1 else 'results are'}"


def _sum_up(summary: Summary) -> str:
    """Return the line that ends a run."""
    parts = [f"{summary.written} written"]
    named = ("kept", "done before"), ("changed", "of them done again"), ("failed", "failed")
    for name, text in (*named, ("empty", "without a subject"), ("review", "to look at")):
        if number := getattr(summary, name):
            parts.append(f"{number} {text}")
    if summary.waiting:
        parts.append(f"{summary.waiting} not done")
    rate = summary.megapixels / summary.seconds if summary.seconds else 0.0
    took = f"{tell_time(summary.seconds)}, {summary.megapixels:.0f} MP, {rate:.1f} MP/s"
    return f"{', '.join(parts)}  ({took})"
