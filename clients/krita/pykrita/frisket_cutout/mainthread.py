"""Krita's API may be used on the main thread only: a queue from workers to it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from .qt import QtCore

_host_seconds = 0.0


def host_seconds() -> float:
    """Return the seconds spent in `host_cost` so far."""
    return _host_seconds


@contextlib.contextmanager
def host_cost() -> Iterator[None]:
    """Mark what Krita itself takes its time for, on the main thread."""
    global _host_seconds
    start = time.monotonic()
    try:
        yield
    finally:
        _host_seconds += time.monotonic() - start


class _Posted:
    """Work on its way to the main thread, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class MainThread(QtCore.QObject):
    """Runs short pieces of work between Krita's own events.

    Make it on the main thread. `longest` is what the slowest piece took, in seconds,
    less what was spent in `host_cost`.
    """

    _posted = QtCore.pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._posted.connect(self._run, QtCore.Qt.ConnectionType.QueuedConnection)

    def call(self, work: Callable[[], Any]) -> Any:
        """Run work on the main thread; return its result or raise its error."""
        posted = _Posted(work)
        self._posted.emit(posted)
        posted.done.wait()
        if posted.error is not None:
            raise posted.error
        return posted.result

    def _run(self, posted: _Posted) -> None:
        start, host = time.monotonic(), _host_seconds
        try:
            posted.result = posted.work()
        except BaseException as error:
            posted.error = error
        own = time.monotonic() - start - (_host_seconds - host)
        self.longest = max(self.longest, own)
        posted.done.set()
