"""What becomes of a result whose name is taken: replaced, given another name, or refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from frisket.jobs.batch.agenda import Action, IsFrom, Planned, Step, decide
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import State
from frisket.jobs.names import BadName, fold_place
from frisket.jobs.watch.folders import number_name
from frisket.jobs.watch.manners import FAIL, VERSION


@dataclass(frozen=True)
class Choice:
    """What is done for a planned result, and whether it may replace an earlier one of its own."""

    step: Step
    replaces: bool = True


class Duplicates:
    """Finds the name and the fate of every planned result.

    Args:
        journal: what was made.
        policy: one of `frisket.jobs.watch.manners.DUPLICATES`.
        is_from: tells whether a row was made from an input of the same name.
    """

    def __init__(self, journal: Journal, policy: str, is_from: IsFrom) -> None:
        self._journal, self._policy, self._is_from = journal, policy, is_from
        # Numbers instead of names: a folder that is watched for years gives very many.
        self._taken = {hash(fold_place(row.output)): row.id for row in journal.rows()}

    def choose(self, planned: Planned) -> Choice:
        """Return what becomes of a planned result.

        Raises:
            BadName: its name is that of another input's result.
        """
        if self._policy == VERSION:
            return Choice(next(self._list_free(planned)))
        step = self._decide(planned)
        if self._is_anothers(step):
            raise BadName(self._tell_collision(step))
        return Choice(step, not (self._policy == FAIL and is_remade(step)))

    def keep(self, output: Path, row: int) -> None:
        """Note that a name is taken now, by a row of the journal."""
        self._taken[hash(fold_place(output))] = row

    def _decide(self, planned: Planned) -> Step:
        return decide(planned, self._journal, False, self._is_from)

    def _list_free(self, planned: Planned) -> Iterator[Step]:
        """Yield steps under names at which nothing that was made is replaced."""
        first = planned.task.output
        for number in count(1):
            task = replace(planned.task, output=number_name(first, number))
            step = self._decide(replace(planned, task=task))
            free = step.row is not None or task.overwrite or not os.path.lexists(task.output)
            if free and not self._is_anothers(step) and not is_remade(step):
                yield step

    def _is_anothers(self, step: Step) -> bool:
        """Tell whether the name is another input's, or differs from one only by case."""
        task = step.planned.task
        if step.row is not None:
            return not self._is_from(step.row, task.source)
        # The row is of other letters, for none was found under these; or it counts no more.
        other = self._taken.get(hash(fold_place(task.output)))
        return other is not None and self._journal.get(other).state is not State.SUPERSEDED

    def _tell_collision(self, step: Step) -> str:
        task = step.planned.task
        if step.row:
            taken = f"the result of {step.row.source} already"
        else:
            taken = "one file with another result on systems that know no case"
        return (
            f"The result of {task.source} would be {task.output}, which is {taken}; "
            f"rename one of the two, or watch with --duplicates {VERSION}."
        )


def is_remade(step: Step) -> bool:
    """Return whether a step replaces a result that was made and is there."""
    row = step.row
    return (
        step.action is Action.RECUT
        and row is not None
        and row.state is State.DONE
        and os.path.lexists(Path(row.output))
    )
