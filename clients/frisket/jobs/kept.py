"""Connections that stay open from one call to the next, and are closed when Python ends."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from frisket.jobs.connection import Connection, ServerChoice


class KeptConnections:
    """Lends connections: the one used last, or a new one while all are lent.

    Calls from one thread after another share a single connection. Any thread may borrow.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[Connection]] = {}

    @contextmanager
    def borrow(self, choice: ServerChoice) -> Iterator[Connection]:
        """Lend a connection for the time of one job."""
        key = (choice, os.environ.get("FRISKET_HOME"), os.environ.get("FRISKET_TOKEN"))
        with self._lock:
            idle = self._idle.setdefault(key, [])
            connection = idle.pop() if idle else Connection(choice)
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.setdefault(key, []).append(connection)

    def close(self) -> None:
        """Close every connection that is not lent."""
        for connection in self._take_all():
            connection.close()

    def forget(self) -> None:
        """Drop connections without closing them: after a fork they are the parent's."""
        self._lock = threading.Lock()
        self._idle = {}

    def _take_all(self) -> list[Connection]:
        with self._lock:
            taken = [one for some in self._idle.values() for one in some]
            self._idle.clear()
        return taken


KEPT = KeptConnections()
atexit.register(KEPT.close)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=KEPT.forget)
