"""The threads of one device: models run on one, one after another, and open on the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from frisket.models import Model

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Runner(Executor):
    """Runs what is submitted in turn; opening a model does not hold it up.

    Args:
        device: its name, for the threads' names.
        limit_s: seconds that one run may take.
    """

    def __init__(self, device: str, limit_s: float) -> None:
        self._limit_s = limit_s
        self._began: float | None = None
        # One model runs at a time: each uses all of the device by itself.
        self._runs = ThreadPoolExecutor(1, f"run-{device}")
        self._opener = ThreadPoolExecutor(1, f"open-{device}")
        self._stopped: Exception | None = None

    def submit(
        self, work: Callable[Given, Result], /, *args: Given.args, **named: Given.kwargs
    ) -> Future[Result]:
        """Run work after all that was submitted before."""
        return self._runs.submit(self._run, partial(work, *args, **named))

    def _run(self, work: Callable[[], Result]) -> Result:
        if self._stopped:
            raise self._stopped
        self._began = time.monotonic()
        try:
            return work()
        finally:
            self._began = None

    @property
    def overdue(self) -> bool:
        """Whether a run takes longer than it may."""
        began = self._began
        return began is not None and time.monotonic() - began > self._limit_s

    def open(self, work: Callable[[], Model]) -> Future[Model]:
        """Open a model beside what runs."""
        return self._opener.submit(work)

    def close(self, model: Model) -> Future[None]:
        """Close a model after the runs submitted so far."""
        return self._runs.submit(_close, [model])

    def stop(self, error: Exception) -> None:
        """Let what runs end; what is submitted raises `error` instead, closing excepted."""
        self._stopped = error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End both threads when they are done."""
        self._opener.shutdown(wait, cancel_futures=cancel_futures)
        self._runs.shutdown(wait, cancel_futures=cancel_futures)


def _close(only: list[Model]) -> None:
    """Close a model and let go of it.

    The list holds the last reference, so that a large graph is freed here, on the device's
    thread and before the closing counts as done.
    """
    only.pop().close()
