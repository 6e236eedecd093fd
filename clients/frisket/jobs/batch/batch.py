"""Many documents by one call: planned, journalled, done in parallel, and gone on with later.

from frisket.jobs import Batch

for done in Batch(["photos"], "cutouts", kind="cutout"):
print(done.source, done.error or done.verdict.reasons or "done")
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.documents import Sandbox
from frisket.jobs.batch.agenda import (
    Adjust,
    Planned,
    Step,
    decide,
    drop_results,
    plan_batch,
)
from frisket.jobs.batch.archive import pack
from frisket.jobs.batch.engine import Engine
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.lookups import FILE
from frisket.jobs.batch.place import Place, check_apart, read_place
from frisket.jobs.batch.run import BatchResult, Crew, Listen, Rules
from frisket.jobs.batch.shift import Shift, Summary
from frisket.jobs.batch.states import REJECTED, Row, State
from frisket.jobs.batch.stopping import Stoppable
from frisket.jobs.batch.worker import recover
from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.inputs import find_tree
from frisket.jobs.keywords import CutKeywords, read_keywords
from frisket.jobs.task import CutOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

File = str | os.PathLike[str]
REDO = ("failed", "rejected", "review")
"""What may be made again without being changed."""


@dataclass(frozen=True)
class Again:
    """What a run does with results that are there.

    Attributes:
        overwrite: files that are there and not in the journal are replaced.
        force: everything is made again.
        redo: some of `REDO`: what was given up, what a person rejected, what asks for an eye.
    """

    overwrite: bool = False
    force: bool = False
    redo: Sequence[str] = ()


class Batch(Stoppable):
    """A batch of documents; iterate over it to run it.

    Nothing happens before the first result is asked for. A batch whose journal says that all is
    done yields nothing. It may be iterated again.

    Examples:
        >>> from frisket.jobs import Batch
        >>> batch = Batch(["photos"], "cutouts", quality="high")
        >>> failed = [done.source for done in batch if done.error]
        >>> batch.summary.written
        2

    Args:
        inputs: files, folders with everything in them, and globs.
        output: a folder, a template, or an archive that ends in .zip.
        options: how; one for each result that an input gives. By default one, of `keywords`.
        again: what becomes of results that are there.
        rules: how many at the same time, and what becomes of failures.
        journal: its folder; by default `.frisket` in the folder of the results.
        listen: called with every event (`frisket.jobs.batch.events`), on any thread.
        adjust: applies options that a person changed for one result, by their names.
        words: the command line, for the journal.
        engine: where results are made; None: on this machine.
        keywords: instead of `options`; see `frisket.jobs.keywords.CutKeywords`. `overwrite` goes
            with either, and is the same as that of `again`.

    Raises:
        BadOption, BadName: an option or a name makes no sense.
    """

    def __init__(
        self,
        inputs: File | Sequence[File],
        output: File,
        options: CutOptions | Sequence[CutOptions] | None = None,
        *,
        again: Again | None = None,
        rules: Rules | None = None,
        journal: File | None = None,
        listen: Listen = lambda event: None,
        adjust: Adjust | None = None,
        words: Sequence[str] = (),
        engine: Engine | None = None,
        **keywords: Unpack[CutKeywords],
    ) -> None:
        super().__init__()
        given = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
        self._inputs = [os.fspath(one) for one in given]
        overwrite = keywords.pop("overwrite", False)
        choices = choose_options(options, keywords, "Batch()")
        self._choices = tuple(replace(one, batch=True) for one in choices)
        again = again or Again()
        self._again = replace(again, overwrite=again.overwrite or overwrite)
        self._rules = rules or Rules()
        for word in self._again.redo:
            check_choice("redo", word, REDO)
        self._place = read_place(os.fspath(output), Path(journal) if journal else None)
        self._listen, self._words, self._engine = listen, words, engine
        self._adjust: Adjust = adjust or apply_changes
        self.summary = Summary()

    @property
    def place(self) -> Place:
        """Where results and journal lie."""
        return self._place

    def plan(self) -> list[Step]:
        """Return what a run would do; nothing is written, not even a journal.

        Raises:
            FrisketError: an input, a name or the journal makes no sense.
        """
        with self._peek() as journal:
            return self._decide(self._name_results(journal), journal)

    def _peek(self) -> AbstractContextManager[Journal | None]:
        """Open the journal for looking, where there is one."""
        there = (self._place.journal / FILE).is_file()
        return Journal.open(self._place.journal) if there else nullcontext()

    def _name_results(self, journal: Journal | None) -> list[Planned]:
        check_apart(self._inputs, self._place)
        spared = None if self._place.beside_inputs else self._place.base
        found = drop_results(find_tree(self._inputs, spared), journal)
        with Sandbox() as sandbox:
            look = partial(sandbox.decode, pixels=False)
            return plan_batch(found, self._choices, self._place, self._again.overwrite, look)

    def _decide(self, planned: Sequence[Planned], journal: Journal | None) -> list[Step]:
        return [decide(one, journal, self._again.force) for one in planned]

    def __iter__(self) -> Iterator[BatchResult]:
        """Run it: yield every result as it is made or given up.

        Raises:
            JournalBusy: another run works with the journal.
            FrisketError: the plan makes no sense, or server, disk or journal fail for every
                file; what was not done waits for the next run.
        """
        self._stopped = False
        with self._peek() as journal:
            planned = self._name_results(journal)
        self._place.make()
        with Journal.open(self._place.journal, make=True) as journal:
            journal.hold()
            recover(journal)
            self._ask_again(journal, planned)
            yield from self._work(journal, self._decide(planned, journal))

    def _ask_again(self, journal: Journal, planned: Sequence[Planned]) -> None:
        found = [journal.find(one.task.output) for one in planned] if self._again.redo else []
        rows = [row.id for row in found if row and self._is_redone(row)]
        journal.ask_again(rows, "it was asked for with --redo")

    def _is_redone(self, row: Row) -> bool:
        redo, verdict = self._again.redo, row.verdict
        if row.state in (State.FAILED, State.EMPTY):
            return "failed" in redo
        rejected = "rejected" in redo and verdict.decision == REJECTED
        return row.state is State.DONE and (rejected or ("review" in redo and verdict.asks))

    def _work(self, journal: Journal, steps: Sequence[Step]) -> Iterator[BatchResult]:
        crew = Crew(journal, self._place, self._rules, self._listen, engine=self._engine)
        shift = Shift(journal, self._place, crew, self._listen, self._adjust, self._words)
        shift.begin(len(steps), sum(not step.is_work for step in steps))
        shift.enter(steps)
        shift.close()
        self._employ(crew)
        try:
            yield from shift.results()
            if self._place.archive and not shift.waiting:
                pack(journal, self._place)
        finally:
            self.summary = shift.sum_up()
        shift.end()


def choose_options(
    options: CutOptions | Sequence[CutOptions] | None, keywords: CutKeywords, where: str
) -> tuple[CutOptions, ...]:
    """Return the options of each result, given whole or by name; the second decode in a child.

    Raises:
        BadOption: both are given, or one makes no sense.
    """
    if options is not None and keywords:
        raise BadOption(f"{where} takes either options or keywords: put all of them in one.")
    chosen = options or read_keywords({"sandbox": True, **keywords}, CutKeywords, where)
    return (chosen,) if isinstance(chosen, CutOptions) else tuple(chosen)


def apply_changes(chosen: CutOptions, changed: Mapping[str, Any]) -> CutOptions:
    """Return options with some changed, by the names of `CutOptions`."""
    return replace(chosen, **changed)
