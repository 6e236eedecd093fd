"""One run on a journal: what is entered is made, by a crew, until no more comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frisket.jobs.batch import events
from frisket.jobs.batch.agenda import Action, Adjust, Step, enter_step, touch
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.place import Place
from frisket.jobs.batch.run import BatchResult, Crew, Listen
from frisket.jobs.batch.states import State
from frisket.jobs.batch.workqueue import Item


@dataclass(frozen=True)
class Summary:
    """What a run did, in results; `seconds` on the clock.

    Attributes:
        written: made by this run.
        kept: done before, and unchanged.
        failed: given up, by this run or before.
        empty: without a subject.
        review: written by this run, and to be looked at.
        waiting: not done, because the run was stopped.
        changed: done again because something changed.
        before: failed or empty in an earlier run, and not tried again.
    """

    written: int = 0
    kept: int = 0
    failed: int = 0
    empty: int = 0
    review: int = 0
    waiting: int = 0
    changed: int = 0
    before: int = 0
    seconds: float = 0.0
    megapixels: float = 0.0


class Shift:
    """Takes steps, any number of times, and has their results made.

    Args:
        journal: held by this run.
        place: of the results.
        crew: who makes them.
        listen: told every event.
        adjust: see `frisket.jobs.batch.agenda.enter_step`.
        words: the command line, for the journal.
    """

    def __init__(
        self,
        journal: Journal,
        place: Place,
        crew: Crew,
        listen: Listen,
        adjust: Adjust,
        words: Sequence[str],
    ) -> None:
        self.journal, self._place, self.crew = journal, place, crew
        self._listen, self._adjust = listen, adjust
        self._run = journal.begin_run(words, {})
        self._kept = self._changed = self._before = self._empty_before = 0

    def begin(self, total: int, finished: int) -> None:
        """Tell that the run begins, with what is known of it."""
        self._listen(events.JobStarted(self._place.journal, total, finished))

    def enter(self, steps: Sequence[Step], replaces: bool = True) -> list[Item]:
        """Have steps done that are work; note the others.

        Args:
            steps: what was decided.
            replaces: whether what is work replaces earlier results of its own.

        Returns:
            What is to be done.

        Raises:
            JournalError: the journal cannot be written.
        """
        items = self._note(steps, replaces)
        self.crew.put(items)
        return items

    def refuse(self, steps: Sequence[Step], error: Exception) -> list[Item]:
        """Give steps up that are work; the error says why.

        Raises:
            JournalError: the journal cannot be written.
        """
        items = self._note(steps, replaces=False)
        for item in items:
            self.crew.give_up(item, error)
        return items

    def _note(self, steps: Sequence[Step], replaces: bool) -> list[Item]:
        work = [step for step in steps if step.is_work]
        told = {step.planned.recipe: step.planned.described for step in work}
        self.journal.note_recipes(told)
        items = [enter_step(step, self.journal, self._adjust, replaces) for step in work]
        for step in steps:
            self._tell(step)
        return items

    def _tell(self, step: Step) -> None:
        """Count a step, and say of it what a person would want to know before it begins."""
        if not step.is_work:
            touch(step, self.journal)
        self._kept += step.action is Action.KEEP
        self._changed += step.action is Action.RECUT
        self._before += step.action is Action.LEAVE
        self._empty_before += bool(step.row and step.row.state is State.EMPTY and not step.is_work)
        if step.action is Action.RECUT:
            text = f"{step.planned.task.output} is made again: {step.reason}"
            self._listen(events.Warning(step.planned.task.source, text))

    def results(self) -> Iterator[BatchResult]:
        """Yield every result as it is made or given up; ends when `close` was called.

        Raises:
            FrisketError: see `frisket.jobs.batch.run.Crew.results`.
        """
        yield from self.crew.results()

    def close(self) -> None:
        """Say that nothing more is entered."""
        self.crew.close()

    @property
    def waiting(self) -> int:
        """How many results are not done."""
        return self.crew.pace.total - self.crew.pace.done

    def end(self) -> None:
        """Note that the run ended in good order."""
        self.journal.end_run(self._run)

    def sum_up(self) -> Summary:
        """Return what was done, and tell it."""
        crew = self.crew
        told = Summary(
            written=crew.written,
            kept=self._kept,
            failed=crew.failed + self._before - self._empty_before,
            empty=crew.empty + self._empty_before,
            review=crew.review,
            waiting=self.waiting,
            before=self._before,
            changed=self._changed,
            seconds=crew.pace.seconds,
            megapixels=crew.pace.megapixels,
        )
        self._listen(
            events.Completed(
                *(told.written, told.failed, told.empty, told.review, told.waiting),
                *(told.seconds, told.megapixels),
            )
        )
        return told
