"""Where the results of a batch are made: on this machine, or wherever an engine takes them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Protocol

from frisket.documents import Sandbox
from frisket.jobs.many import TaskOutcome, cut_many
from frisket.jobs.task import Task

CutTasks = Callable[[Iterable[Task]], Generator[TaskOutcome, None, None]]
"""Does tasks one after another: takes the next when the outcome before it has been used."""


class Engine(Protocol):
    """Makes results; several threads use it at once."""

    def open(self) -> AbstractContextManager[CutTasks]:
        """Return what one worker does its tasks with, for as long as the block lasts."""


class LocalEngine:
    """Makes results on this machine: one sandbox and one connection for each worker."""

    @contextmanager
    def open(self) -> Iterator[CutTasks]:
        """Yield what one worker does its tasks with."""
        with Sandbox() as sandbox:
            yield partial(cut_many, rehearse=sandbox.decode)
