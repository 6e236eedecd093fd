"""A batch between places elsewhere: what it reads is copied here first, what it makes goes back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from frisket.cluster.remote import RemoteError, RemoteFolder, RemoteResults, is_remote
from frisket.jobs.batch.batch import Batch
from frisket.jobs.batch.run import BatchResult
from frisket.jobs.batch.shift import Summary


class Staging:
    """Where copies lie on this machine: in the folder of the journal.

    Args:
        inputs: as they were named, here or elsewhere.
        output: the same.
        journal: its folder; None where none was named.

    Attributes:
        inputs: the same, all of them on this machine.
        output: the same.
        results: copies what is made; None where it stays here.

    Raises:
        RemoteError: a place cannot be read, or there is no folder for copies.
    """

    def __init__(self, inputs: Sequence[str], output: str, journal: Path | None) -> None:
        self.inputs, self.output = list(inputs), output
        self.results: RemoteResults | None = None
        if not any(map(is_remote, (*inputs, output))):
            return
        if journal is None:
            raise RemoteError("Files elsewhere are copied here first: add --journal FOLDER.")
        self.inputs = [each for word in inputs for each in _fetch(word, journal)]
        if is_remote(output):
            self.output = str(journal / "out")
            self.results = RemoteResults(output, journal / "out")


def _fetch(word: str, journal: Path) -> list[str]:
    """Return where an input lies here; it is copied when it does not."""
    if not is_remote(word):
        return [word]
    folder = journal / "in" / hashlib.sha256(word.encode()).hexdigest()[:16]
    fetched = RemoteFolder(word).fetch(folder)
    alone = len(fetched) == 1 and fetched[0].name == word.rstrip("/").rpartition("/")[2]
    return [str(fetched[0] if alone else folder)]


class SentBatch:
    """A batch whose results are copied elsewhere as they are made.

    Args:
        batch: itself.
        results: copies them.
    """

    def __init__(self, batch: Batch, results: RemoteResults) -> None:
        self._batch, self._results = batch, results

    def __iter__(self) -> Iterator[BatchResult]:
        """Run it; yield a result when it is there.

        Raises:
            RemoteError: the place cannot be written; what was made stays here, and the next run
                copies it.
        """
        self._results.send_missing()
        for done in self._batch:
            if done.error is None:
                self._results.send(done.output)
            yield done

    @property
    def summary(self) -> Summary:
        """What the run did."""
        return self._batch.summary

    def stop(self) -> None:
        """Let what is at work finish, and begin nothing more."""
        self._batch.stop()

    def abandon(self) -> None:
        """Leave at once."""
        self._batch.abandon()
