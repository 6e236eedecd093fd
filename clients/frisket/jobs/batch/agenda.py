"""What a run has to do: what is planned, held against what the journal says was done."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frisket.jobs.batch.fingerprint import describe_recipe, identify_content, identify_recipe
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.place import Place
from frisket.jobs.batch.states import Row, Stamp, State, stamp_of
from frisket.jobs.batch.workqueue import Item
from frisket.jobs.inputs import Input
from frisket.jobs.names import Look, Template, check_collisions, plan_results
from frisket.jobs.task import CutOptions, Task

_NOTHING = Stamp(0, 0)
Adjust = Callable[[CutOptions, dict[str, str]], CutOptions]
IsFrom = Callable[[Row, Path], bool]


@dataclass(frozen=True)
class Planned:
    """One result as it is asked for: its task, and what identifies and describes its recipe."""

    task: Task
    recipe: str
    described: str


class Action(enum.Enum):
    """What a run does with a planned result.

    CUT is new, RECUT is done again for a reason, RESUME was waiting; KEEP is done, LEAVE was
    given up before.
    """

    CUT = "cut"
    RECUT = "cut again"
    RESUME = "go on"
    KEEP = "done"
    LEAVE = "given up"


@dataclass(frozen=True)
class Step:
    """A planned result, what becomes of it and why."""

    planned: Planned
    action: Action
    reason: str = ""
    row: Row | None = None
    stamp: Stamp = _NOTHING

    @property
    def is_work(self) -> bool:
        """Whether there is something to do."""
        return self.action in (Action.CUT, Action.RECUT, Action.RESUME)


def plan_batch(
    inputs: Sequence[Input],
    choices: Sequence[CutOptions],
    place: Place,
    overwrite: bool,
    look: Look,
) -> list[Planned]:
    """Return every result of a batch.

    Args:
        inputs: in the order in which they are done.
        choices: the options of each result that an input gives.
        place: how results are named.
        overwrite: whether files that are there and not in the journal are replaced.
        look: see `plan_files`.

    Raises:
        BadName: two outputs, or an output and an input, would be one file.
    """
    tasks = [
        replace(task, overwrite=overwrite)
        for one in inputs
        for task in plan_files(one, choices, place.template, look)
    ]
    check_collisions(tasks, derived=True)
    return [describe_planned(task) for task in tasks]


def plan_files(
    given: Input, choices: Sequence[CutOptions], template: Template, look: Look
) -> list[Task]:
    """Return a task for every file that an input gives; see `frisket.jobs.names.plan_results`.

    A finish that writes several files becomes several tasks: the journal follows each of them.
    """
    tasks = plan_results(given, choices, template, look)
    return [one for task in tasks for one in _split_files(task)]


def _split_files(task: Task) -> list[Task]:
    options, finish = task.options, task.options.finish
    if finish is None:
        return [task]
    return [
        replace(task, output=path, options=replace(options, finish=replace(finish, save=save)))
        for path, save in finish.save.split(task.output)
    ]


def describe_planned(task: Task) -> Planned:
    """Return a task with what identifies and describes its recipe."""
    described = describe_recipe(task.options)
    return Planned(task, identify_recipe(described), described)


def drop_results(inputs: Sequence[Input], journal: Journal | None) -> list[Input]:
    """Return the inputs that are not results of this very batch."""
    rows = journal.rows() if journal else ()
    made = {os.path.realpath(row.output) for row in rows}
    return [one for one in inputs if os.path.realpath(one.path) not in made]


def is_made_from(row: Row, source: Path) -> bool:
    """Return whether a row's input is this very file."""
    return os.path.realpath(row.source) == os.path.realpath(source)


def decide(
    planned: Planned, journal: Journal | None, force: bool, is_from: IsFrom = is_made_from
) -> Step:
    """Return what becomes of a planned result; changes nothing.

    Args:
        planned: the result.
        journal: what was done; None where there is none.
        force: whether it is made in any case.
        is_from: tells whether a row was made from an input of the same name.
    """
    task = planned.task
    row = journal.find(task.output) if journal else None
    try:
        stamp = stamp_of(task.source)
    except OSError:  # whoever does the task meets the same error, and reports it
        stamp = _NOTHING
    if row is None:
        return Step(planned, Action.CUT, stamp=stamp)
    if why := _find_change(row, planned, stamp, force, is_from):
        return Step(planned, Action.RECUT, why, row, stamp)
    if row.state is State.DONE:
        return Step(planned, Action.KEEP, "", row, stamp)
    if row.state in (State.FAILED, State.EMPTY):
        return Step(planned, Action.LEAVE, row.reason, row, stamp)
    return Step(planned, Action.RESUME, row.reason, row, stamp)


def _find_change(row: Row, planned: Planned, stamp: Stamp, force: bool, is_from: IsFrom) -> str:
    """Return why a row counts no more, or nothing."""
    if force:
        return "it was asked for with --force"
    if row.recipe != planned.recipe:
        return "its recipe changed"
    source = planned.task.source
    if not is_from(row, source):
        return f"it was made from {row.source}"
    tried = bool(row.content) or row.state in (State.FAILED, State.EMPTY)
    if tried and stamp not in (row.stamp, _NOTHING) and _differs(row, source, stamp):
        return "its input changed"
    if row.state is State.DONE and not os.path.lexists(row.output):
        return "it is gone"
    return ""


def _differs(row: Row, source: Path, stamp: Stamp) -> bool:
    try:
        return identify_content(source, stamp) != row.content
    except OSError:
        return True


def enter_step(step: Step, journal: Journal, adjust: Adjust, replaces: bool = True) -> Item:
    """Note a step that is work in the journal, and return what a worker needs.

    Args:
        step: what is to be done.
        journal: where it is noted.
        adjust: applies options that a person changed for one result alone.
        replaces: whether it replaces an earlier result of its own.
    """
    task, row = step.planned.task, step.row
    if row is None or step.action is not Action.RESUME:
        row = journal.enter(task.source, step.stamp, step.planned.recipe, task.output, step.reason)
    options = task.options
    if row.redo:
        options = replace(adjust(options, dict(row.redo)), batch=options.batch)
    again = replace(task, options=options, overwrite=task.overwrite or (replaces and row.owned))
    return Item(row.next_try, row.id, again, row.attempts, step.stamp)


def touch(step: Step, journal: Journal) -> None:
    """Note the new stamp of an input whose content is the old one."""
    if step.row is not None and step.stamp not in (step.row.stamp, _NOTHING):
        journal.restamp(step.row.id, step.stamp)
