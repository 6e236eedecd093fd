"""Where the results of a batch are made: on this machine, or wherever an engine takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from frisket.documents import Sandbox
from frisket.jobs.many import Lane, TaskOutcome
from frisket.jobs.matting import Progress
from frisket.jobs.task import Task


class Station(Protocol):
    """What one worker has its tasks done by, one group after another."""

    def cut(self, tasks: Sequence[Task], progress: Progress, /) -> Iterable[TaskOutcome]:
        """Return how each of several tasks ended that share a matte, in their order.

        Args:
            tasks: what to do.
            progress: see `frisket.jobs.matting.Progress`; a machine elsewhere need not call it.
        """

    def close(self) -> None:
        """Close what is kept open from one group to the next."""


class Engine(Protocol):
    """Makes results; several threads use it at once."""

    def open(self) -> Station:
        """Return what one worker has its tasks done by."""


class LocalEngine:
    """Makes results on this machine: one sandbox and one connection for each worker."""

    def open(self) -> LocalStation:
        """Return what one worker has its tasks done by."""
        return LocalStation()


class LocalStation:
    """A sandbox and a connection that stay open; of one thread."""

    def __init__(self) -> None:
        self._sandbox = Sandbox()
        self._lane = Lane(self._sandbox.decode)

    def cut(
        self,
        tasks: Sequence[Task],
        progress: Progress = lambda stage, done, total: None,
        /,
    ) -> Iterable[TaskOutcome]:
        """Yield how each of several tasks ended that share a matte, in their order."""
        return self._lane.cut(tasks, progress)

    def close(self) -> None:
        """Close the connection, and end the sandbox."""
        self._lane.close()
        self._sandbox.close()
