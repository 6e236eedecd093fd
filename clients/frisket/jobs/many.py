"""Cuts any number of documents over one open connection; one document is one task of many.

    with contextlib.closing(cut_many(tasks)) as outcomes:
        for outcome in outcomes:
            print(outcome.error or outcome.result.seconds)

Nothing is read ahead: a task is taken from `tasks` when the outcome before it has been used,
so the caller decides about order, and may stop after any.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.documents import decode_in_sandbox
from frisket.jobs.choices import BadOption
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.cutting import cut_document
from frisket.jobs.kept import KEPT
from frisket.jobs.keywords import CutKeywords, read_keywords
from frisket.jobs.matting import Progress
from frisket.jobs.task import CutOptions, CutResult, Task

if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack


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
    tasks: Iterable[Task],
    *,
    connection: Connection | None = None,
    progress: Progress = lambda stage, done, total: None,
    rehearse: Callable[..., None] = decode_in_sandbox,
) -> Generator[TaskOutcome, None, None]:
    """Do tasks one after another and yield how each ended.

    A task that fails ends with its error, writes nothing, and the next goes on. Closing the
    generator closes every connection that it opened.

    Args:
        tasks: what to do; taken one at a time.
        connection: an open connection, which stays open, for all of them; by default one
            for each server that their options name, kept open from task to task.
        progress: see `cut`; called for the task that was taken last.
        rehearse: decodes untrusted documents first; by default each in a child of its own.
    """
    with contextlib.ExitStack() as stack:

        @cache
        def reach(choice: ServerChoice) -> Connection:
            return stack.enter_context(Connection(choice))

        for task in tasks:
            server = connection or reach(task.options.server)
            yield _attempt(task, partial(cut_document, task, server, progress, rehearse))


def _attempt(task: Task, cut_it: Callable[[], CutResult]) -> TaskOutcome:
    try:
        return TaskOutcome(task, result=cut_it())
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
