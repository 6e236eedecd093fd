"""Packs the results of a batch into one archive, for handing them over."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import cast

from frisket.documents.io.output import Output, atomic_output
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.place import Place
from frisket.jobs.batch.states import State

_MARGIN = 4096  # bytes that an entry takes beside its file and name, at most


def pack(journal: Journal, place: Place) -> None:
    """Write every result that is done into the place's archive, in one step.

    Pictures are stored as they are: they are packed already.

    Raises:
        OutputError: the archive cannot be written.
        OSError: a result cannot be read.
    """
    assert place.archive is not None
    done = [row.output for row in journal.rows([State.DONE]) if row.output.is_file()]
    needed = sum(path.stat().st_size + _MARGIN for path in done)
    with (
        atomic_output(place.archive, needed) as output,
        zipfile.ZipFile(
            cast("zipfile._ZipWritable", _Sink(output)), "w", zipfile.ZIP_STORED, allowZip64=True
        ) as archive,
    ):
        for path in sorted(done):
            archive.write(path, _name(path, place.base))


def _name(path: Path, base: Path) -> str:
    """Return a result's name in the archive; bytes that are no text become marks."""
    relative = os.path.relpath(path, base)
    return os.fsencode(relative).decode("utf-8", "replace")


class _Sink:
    """An output as `zipfile` writes to it: onwards only."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, data: bytes) -> int:
        self._output.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""
