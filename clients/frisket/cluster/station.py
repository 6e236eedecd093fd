"""What works on one machine of a cluster: it keeps a server warm and does one task at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from frisket.cluster.errors import PackedError, pack_error
from frisket.jobs.batch.engine import LocalStation
from frisket.jobs.many import TaskOutcome
from frisket.jobs.task import CoarseMask, CutResult, Task

_VISIBLE = "CUDA_VISIBLE_DEVICES"


class RemoteStation:
    """Does tasks with a connection and a sandbox that stay open; of one thread.

    Without a server's address it uses, and starts, the local server of its machine.

    Args:
        folder: that relative paths of tasks start from; the same on every machine.
        variables: of the environment of whoever asks, such as a token for `--server`.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        os.chdir(folder)
        os.environ.update(variables or {})
        # Ray hides every GPU from a worker that reserves none; the server is there for them all.
        if not os.environ.get(_VISIBLE, "all"):
            del os.environ[_VISIBLE]
        self._station = LocalStation()

    def settle(self) -> None:
        """Do nothing: an answer says that this has a place on some machine."""

    def cut(self, tasks: Sequence[Task]) -> list[CutResult | PackedError]:
        """Return what was done, or why it was not; only names and small pictures travel."""
        return [_pack(outcome) for outcome in self._station.cut(tasks)]

    def close(self) -> None:
        """Close what is open."""
        self._station.close()


def _pack(outcome: TaskOutcome) -> CutResult | PackedError:
    if outcome.result is None:
        return pack_error(outcome.error or ValueError("a task had no outcome"))
    return replace(outcome.result, coarse=CoarseMask(0, 0, b""))
