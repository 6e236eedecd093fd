"""A crew of workers that makes everything on an agenda, and what becomes of failures."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from frisket.documents.io.output import leave
from frisket.jobs.batch import events
from frisket.jobs.batch.engine import Engine
from frisket.jobs.batch.fates import Fate, judge
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.pace import Pace
from frisket.jobs.batch.place import Place
from frisket.jobs.batch.states import State, Verdict
from frisket.jobs.batch.worker import SourceChanged, Worker, find
from frisket.jobs.batch.workqueue import Item, WorkQueue
from frisket.jobs.many import DEFAULT_JOBS
from frisket.jobs.matting import Progress
from frisket.jobs.overlap import CalledOff, Overlap
from frisket.jobs.task import CutResult, NoSubject, Task

_FIRST_PATIENCE_S = 2.0
Listen = Callable[[events.Event], None]
PutBack = Callable[[Item], None]


@dataclass(frozen=True)
class Rules:
    """How a run deals with failures.

    Attributes:
        jobs: how many results are made at the same time.
        retries: how often a result is tried again before it is given up.
        delays_s: seconds before it is; the last one counts for all that follow.
        patience_s: seconds for which server or disk may fail before the run is stopped.
        thumbnails: whether small pictures are kept for the review page.
    """

    jobs: int = DEFAULT_JOBS
    retries: int = 3
    delays_s: tuple[float, ...] = (1.0, 3.0, 9.0)
    patience_s: float = 30.0
    thumbnails: bool = True

    def delay(self, attempts: int) -> float:
        """Return the seconds to wait after so many failures, 1 or more."""
        return self.delays_s[min(attempts, len(self.delays_s)) - 1]


@dataclass(frozen=True)
class BatchResult:
    """What became of one result.

    Attributes:
        task: what was asked for; `task.source` and `task.output` say from what and where.
        result: what was done; None where it failed.
        error: why it failed, or None.
        verdict: what the server thinks of it.
    """

    task: Task
    result: CutResult | None = None
    error: Exception | None = None
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def source(self) -> Path:
        """The input."""
        return self.task.source

    @property
    def output(self) -> Path:
        """The result's place."""
        return self.task.output

    @property
    def is_empty(self) -> bool:
        """Whether it failed because there is no subject."""
        return isinstance(self.error, NoSubject)


class Crew:
    """Makes items with several workers; see `results`.

    Args:
        journal: where everything is noted; held by this run.
        place: of the results.
        rules: about failures.
        listen: told every event, on any thread, one at a time.
        watch: the folder whose files count only as they were planned, and what is called with
            an item whose file changed or went before it was done; None takes files as they are.
        engine: where results are made; None: on this machine.
    """

    def __init__(
        self,
        journal: Journal,
        place: Place,
        rules: Rules,
        listen: Listen,
        watch: tuple[Path, PutBack] | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._journal, self._rules, self._listen = journal, rules, listen
        self._watched = watch[0] if watch else None
        self._put_back = watch[1] if watch else None
        self._place = place
        self._queue = WorkQueue()
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._abandoned = False
        self._trouble_since: float | None = None
        rest = (self._settle, self._tell_busy, rules.thumbnails, self._watched, engine)
        self._workers = [Worker(journal, place, *rest) for _ in range(rules.jobs)]
        self._overlap: Overlap[Sequence[Item], BatchResult] = Overlap(
            iter(self._queue.take, []),
            [partial(self._make, worker) for worker in self._workers],
            in_order=False,
            leave_s=0.0,
        )
        self.pace = Pace()
        self.written = self.failed = self.empty = self.review = 0

    def put(self, items: Sequence[Item]) -> None:
        """Add what is to be done; any thread may, until `close`."""
        for item in items:
            self.pace.expect(item.size)
        self._queue.put(items)

    def close(self) -> None:
        """Say that nothing more comes: the results end with what is there."""
        self._queue.close()

    def pause(self, paused: bool) -> None:
        """Begin nothing for a while, or go on."""
        self._queue.pause(paused)

    def tell_fault(self, source: Path, error: Exception) -> None:
        """Tell as a result that nothing of an input can be made, which has no row either."""
        with self._lock:
            self.pace.expect(0)
            self.pace.count(0, 0.0)
            self.failed += 1
            task = Task(source, source)
            self._listen(events.Failed(source, source, str(error), 1, None))
            self._overlap.tell(BatchResult(task, error=error))
            self._tell_progress()

    def give_up(self, item: Item, error: Exception) -> None:
        """Note that an item that was put nowhere cannot be done, and tell it as a result."""
        with self._lock:
            self.pace.expect(item.size)
            self._mark_failed(item, error, State.FAILED, item.attempts + 1)
            self._tell_progress()

    def results(self) -> Iterator[BatchResult]:
        """Yield every result as it is made or given up.

        Whoever stops asking lets what is at work finish.

        Raises:
            FrisketError: the server, the disk or the journal fails for every file; what was
                not done waits.
        """
        results = self._overlap.outcomes()
        try:
            while (result := next(results, None)) is not None:
                yield result
        except GeneratorExit:
            self._finish(results)
            raise
        finally:
            self._close_workers()
        if self._failure is not None:
            raise self._failure

    def _finish(self, results: Iterator[BatchResult]) -> None:
        self.stop()
        for _ in results:
            pass

    def _close_workers(self) -> None:
        """Close what the workers keep open, unless one is at work because all is left at once."""
        if not self._overlap.list_at_work():
            for worker in self._workers:
                worker.close()

    def stop(self) -> None:
        """Begin nothing more; what is at work is finished."""
        self._queue.stop()

    def abandon(self) -> None:
        """Leave at once: remove what is half-written. The journal knows what was at work."""
        self._abandoned = True
        self._queue.stop()
        leave()
        for claim in [claim for worker in self._workers for claim in worker.claims]:
            with contextlib.suppress(OSError):
                claim.part.unlink()

    def _make(
        self, worker: Worker, items: Sequence[Item], progress: Progress
    ) -> Sequence[BatchResult]:
        """Have items made; what became of them is told as it is settled."""
        try:
            worker.make(items)
        except Exception as error:
            self.break_off(error)
        return ()

    def break_off(self, error: Exception) -> None:
        """End the run with an error; what is at work is finished."""
        self._failure = self._failure or error
        self._queue.stop()

    def _tell_busy(self, item: Item) -> None:
        with self._lock:
            self._listen(events.Waiting(item.source, events.NO_ROOM))

    def _settle(self, item: Item, result: CutResult | None, error: Exception | None) -> None:
        """Note what became of an item, tell it, and say whether it is taken again.

        Raises:
            CalledOff: it failed while all is left at once: its part was taken away.
        """
        if self._abandoned and error is not None:
            raise CalledOff
        again = None
        try:
            with self._lock:
                if result is not None:
                    self._succeed(item, result)
                else:
                    assert error is not None
                    again = self._fail(item, error)
                self._tell_progress()
        finally:
            self._queue.finish(again)

    def _succeed(self, item: Item, result: CutResult) -> None:
        found = find(result)
        verdict = found.verdict
        self._end_trouble()
        self.written += 1
        self.review += verdict.needs_review
        self.pace.count(item.size, found.megapixels)
        self._listen(events.tell_written(item.source, item.task.output, found))
        if result.notice:
            self._listen(events.Warning(item.source, result.notice))
        self._overlap.tell(BatchResult(item.task, result, verdict=verdict))

    def _fail(self, item: Item, error: Exception) -> Item | None:
        if self._put_back is not None and isinstance(error, SourceChanged):
            self._journal.withdraw(item.row)
            self.pace.withdraw(item.size)
            self._put_back(item)
            return None
        fate = judge(error, item.task)
        if fate in (Fate.SHARED, Fate.HOPELESS):
            return self._wait_for_all(item, error, fate)
        self._trouble_since = None
        attempts = item.attempts + 1
        if fate is Fate.AGAIN and attempts <= self._rules.retries:
            delay = self._rules.delay(attempts)
            self._journal.put_off(item.row, str(error), time.time() + delay)
            self._tell_failure(item, error, attempts, delay)
            return replace(item, due=time.time() + delay, attempts=attempts)
        self._mark_failed(
            item, error, State.EMPTY if fate is Fate.EMPTY else State.FAILED, attempts
        )
        return None

    def _mark_failed(self, item: Item, error: Exception, state: State, attempts: int) -> None:
        self.empty += state is State.EMPTY
        self.failed += state is State.FAILED
        self._journal.mark_failed(item.row, state, str(error))
        self.pace.count(item.size, 0.0)
        self._tell_failure(item, error, attempts, None)
        self._overlap.tell(BatchResult(item.task, error=error))

    def _wait_for_all(self, item: Item, error: Exception, fate: Fate) -> Item:
        """Let an item wait for what fails for all, or stop the run; it is not the item's fault."""
        self._journal.release(item.row)
        now = time.monotonic()
        is_new = self._trouble_since is None
        since = self._trouble_since = self._trouble_since or now
        # What failed from the beginning is a mistake to report, not to wait for.
        patience = self._rules.patience_s if self.written else _FIRST_PATIENCE_S
        if fate is Fate.HOPELESS or now - since >= min(patience, self._rules.patience_s):
            self.break_off(error)
            return item
        delay = self._rules.delay(1)
        if is_new:
            self._listen(events.Warning(item.source, events.word_retry(str(error))))
        return replace(item, due=time.time() + delay)

    def _end_trouble(self) -> None:
        if self._trouble_since is not None:
            self._trouble_since = None
            self._listen(events.Warning(None, "It works again."))

    def _tell_failure(
        self, item: Item, error: Exception, attempt: int, again_in: float | None
    ) -> None:
        told = (item.source, item.task.output, str(error), attempt, again_in)
        self._listen(events.Failed(*told))

    def _tell_progress(self) -> None:
        pace = self.pace
        self._listen(
            events.Progress(
                *(pace.done, pace.total, self.failed + self.empty, self.review),
                *(pace.megapixels, pace.rate, pace.seconds_left()),
            )
        )
