"""What works on one machine of a cluster: it keeps a server warm and does one task at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from frisket.cluster.errors import PackedError, pack_error
from frisket.documents import Sandbox
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.many import cut_many
from frisket.jobs.task import CoarseMask, CutResult, Task


class Station:
    """Does tasks with a connection and a sandbox that stay open; of one thread.

    Without a server's address it uses, and starts, the local server of its machine.

    Args:
        folder: that relative paths of tasks start from; the same on every machine.
        variables: of the environment of whoever asks, such as a token for `--server`.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        os.chdir(folder)
        os.environ.update(variables or {})
        self._sandbox = Sandbox()
        self._connections: dict[ServerChoice, Connection] = {}

    def cut(self, task: Task) -> CutResult | PackedError:
        """Return what was done, or why it was not; only names and small pictures travel."""
        choice = task.options.server
        connection = self._connections.setdefault(choice, Connection(choice))
        done = cut_many([task], connection=connection, rehearse=self._sandbox.decode)
        [outcome] = done
        if outcome.result is None:
            return pack_error(outcome.error or ValueError("a task had no outcome"))
        return replace(outcome.result, coarse=CoarseMask(0, 0, b""))

    def close(self) -> None:
        """Close what is open."""
        for connection in self._connections.values():
            connection.close()
        self._sandbox.close()
