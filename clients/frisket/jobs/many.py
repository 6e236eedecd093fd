"""Cuts any number of documents over one open connection; one document is one task of many.

    with contextlib.closing(cut_many(tasks)) as outcomes:
        for outcome in outcomes:
            print(outcome.error or outcome.result.seconds)

Nothing is read ahead unless `jobs` says so: a task is taken from `tasks` when the outcome before
it has been used, so the caller decides about order, and may stop after any. Tasks that show one
matte of one document are given together: it is read and matted once for all of them.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.documents import decode_in_sandbox
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.kept import KEPT
from frisket.jobs.keywords import CutKeywords, read_keywords
from frisket.jobs.matting import Progress
from frisket.jobs.overlap import Overlap, Room
from frisket.jobs.sitting import Sitting
from frisket.jobs.task import CutOptions, CutResult, Task

if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack

DEFAULT_JOBS = 3
"""Files at the same time: one is read, one is with the model, one is written."""
_ROOM_PIXELS = 64_000_000  # of all of them together: about ten bytes of memory each


@dataclass(frozen=True)
class TaskOutcome:
    """How a task ended: `result` is what was done, else `error` is why it was not."""

    task: Task
    result: CutResult | None = None
    error: Exception | None = None

    def unwrap(self) -> CutResult:
        """Return the result.

        Raises:
            Exception: the task's error, where it has one.
        """
        if self.result is None:
            raise self.error or ValueError("an outcome needs a result or an error")
        return self.result


def cut(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    options: CutOptions | None = None,
    *,
    connection: Connection | None = None,
    progress: Progress = lambda stage, done, total: None,
    **keywords: Unpack[CutKeywords],
) -> CutResult:
    """Cut out a layer (or several) of a document and write the result.

    Examples:
        >>> from frisket import cut
        >>> cut("portrait.png", "portrait-matte.tif", kind="matte", depth=16).kind
        'matte'

    Args:
        source: a flat or layered document; never changed, unless it is also the output.
        output: what to write; its suffix names the format.
        options: how; by default the topmost visible layer, with the default model.
        connection: an open connection, which stays open, instead of the kept one to the server
            that the options name.
        progress: see `frisket.jobs.matting.Progress`; "writing" comes last.
        keywords: instead of `options`; see `frisket.jobs.keywords.CutKeywords`.

    Returns:
        What was done, layer by layer and in sum.

    Raises:
        NoSubject, BadOption: there is nothing to cut out, or an option has no such value.
        ClientError, DocumentError: the server or the document does not allow it.
    """
    if options is not None and keywords:
        raise BadOption("cut() takes either options or keywords: put all of them in one.")
    options = options or read_keywords(keywords, CutKeywords, "cut()")
    task = Task(Path(source), Path(output), options)
    lent = contextlib.nullcontext(connection) if connection else KEPT.borrow(options.server)
    with lent as server:
        [outcome] = cut_many([task], connection=server, progress=progress)
    return outcome.unwrap()


def cut_many(
    tasks: Iterable[Task | Sequence[Task]],
    *,
    connection: Connection | None = None,
    progress: Progress = lambda stage, done, total: None,
    rehearse: Callable[..., None] = decode_in_sandbox,
    jobs: int = 1,
) -> Generator[TaskOutcome, None, None]:
    """Do tasks and yield how each ended, in their order.

    A task that fails ends with its error, writes nothing, and the next goes on. Closing the
    generator closes every connection that it opened.

    Args:
        tasks: what to do; taken one at a time. Several that share a matte may come as one, as
            `frisket.jobs.task.group_tasks` puts them together.
        connection: an open connection, which stays open, for all of them; by default one
            for each server that their options name, kept open from task to task.
        progress: see `cut`; called for the task whose outcome comes next.
        rehearse: decodes untrusted documents first; by default each in a child of its own.
        jobs: how many are done at the same time, on threads. Each has connections of its own,
            so `connection` is for one alone. Their pixels together are bounded, so that three
            very large files are done one by one. Closing the generator calls off what is at
            work.

    Raises:
        ValueError: more than one job is to share `connection`.
    """
    if jobs > 1 and connection is not None:
        raise ValueError("jobs that share one connection are not possible: leave it out")
    return (
        _cut_beside(tasks, progress, rehearse, jobs)
        if jobs > 1
        else _cut_in_turn(tasks, connection, progress, rehearse)
    )


def _cut_in_turn(
    tasks: Iterable[Task | Sequence[Task]],
    connection: Connection | None,
    progress: Progress,
    rehearse: Callable[..., None],
) -> Generator[TaskOutcome, None, None]:
    with Lane(rehearse) as lane:
        for given in tasks:
            yield from lane.cut(given, progress, connection)


def _cut_beside(
    tasks: Iterable[Task | Sequence[Task]],
    progress: Progress,
    rehearse: Callable[..., None],
    jobs: int,
) -> Generator[TaskOutcome, None, None]:
    room = Room(_ROOM_PIXELS)
    with contextlib.ExitStack() as stack:
        lanes = [stack.enter_context(Lane(rehearse, room)) for _ in range(jobs)]

        def call_off() -> None:
            room.close()
            for lane in lanes:
                lane.close()

        overlap = Overlap(tasks, [lane.cut for lane in lanes], progress, call_off)
        # Who has not left by then is writing something large; it leaves with the program.
        yield from overlap.outcomes()


def _list_tasks(given: Task | Sequence[Task]) -> Sequence[Task]:
    return [given] if isinstance(given, Task) else given


class Lane:
    """Does tasks one after another, and keeps its connections open from one to the next.

    Args:
        rehearse: see `cut_many`.
        room: bounds the pixels of several lanes together; None where there is no other.
    """

    def __init__(self, rehearse: Callable[..., None], room: Room | None = None) -> None:
        self._rehearse, self._room = rehearse, room
        self._connections: dict[ServerChoice, Connection] = {}

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; from another thread it ends what is under way."""
        for connection in list(self._connections.values()):
            connection.close()

    def cut(
        self,
        given: Task | Sequence[Task],
        progress: Progress = lambda stage, done, total: None,
        connection: Connection | None = None,
    ) -> Iterator[TaskOutcome]:
        """Yield how a task ended, or each of several that share a matte."""
        tasks = _list_tasks(given)
        choice = tasks[0].options.server
        server = connection or self._connections.setdefault(choice, Connection(choice))
        with Sitting(tasks, server, progress, self._rehearse, self._room) as sitting:
            for task in tasks:
                yield _try(sitting, task)


def _try(sitting: Sitting, task: Task) -> TaskOutcome:
    try:
        return TaskOutcome(task, result=sitting.cut(task))
    except Exception as error:
        _release(error)
        return TaskOutcome(task, error=error)


def _release(error: BaseException | None) -> None:
    """Let go of the pixels that the frames of an error hold: an outcome may be kept for long."""
    released: set[int] = set()
    while error is not None and id(error) not in released:
        released.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__
