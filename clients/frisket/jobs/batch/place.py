"""Where a batch puts its results and its journal, from the word after -o."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from frisket.documents import PlaceError
from frisket.documents.io.output import make_folder
from frisket.jobs.batch.lookups import FOLDER
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.names import BadName, Template, mirrored
from frisket.jobs.paths import read_path

_ARCHIVE = ".zip"


@dataclass(frozen=True)
class Place:
    """Where results go.

    Attributes:
        template: how they are named.
        base: the folder that holds all of them; made when a run begins, never later, so that a
            lost share is not mistaken for an empty folder.
        journal: the folder of the journal.
        archive: what they are packed into at the end, or None.
    """

    template: Template
    base: Path
    journal: Path
    archive: Path | None = None

    @property
    def beside_inputs(self) -> bool:
        """Whether results lie where their inputs do, so that no folder is theirs alone."""
        return self.template.text.startswith("{dir}")

    def make(self) -> None:
        """Make the folder that holds the results.

        Raises:
            OutputError: it cannot be made.
        """
        make_folder(self.base)

    def check(self, output: Path) -> None:
        """Refuse to go on with a result whose place is gone.

        Raises:
            PlaceError: the folder that holds the results is not there.
        """
        if not self.base.is_dir():
            raise PlaceError(output, f"there is no folder {self.base} any more")

    def make_folder(self, output: Path) -> None:
        """Make the folder of one result, below the one that is there.

        Raises:
            PlaceError: no folder can be made there, or that one has gone.
            OutputError: this one cannot, for its name.
        """
        self.check(output)
        make_folder(output.parent)


def read_place(output: str, journal: Path | None = None) -> Place:
    """Return what the word after -o means: a folder, a template, or an archive.

    Args:
        output: the word.
        journal: the folder of the journal; by default in the folder that holds the results.

    Raises:
        BadName: it names one file, or the journal's place does not follow from it.
    """
    path = read_path(output)
    if path.suffix.lower() == _ARCHIVE:
        base = path.with_suffix("")
        return Place(mirrored(base), base, journal or base / FOLDER, path)
    if Template(output).derives:
        return _read_template(output, journal)
    suffixes = {suffix for row in DELIVERIES.values() for suffix in row.suffixes}
    if path.is_file() or (path.suffix.lower() in suffixes | {".psd", ".psb"} and not path.is_dir()):
        raise BadName(
            f"{output} names one file, and a batch writes many: name a folder, a template such "
            "as 'out/{stem}.{ext}', or an archive that ends in .zip."
        )
    return Place(mirrored(path), path, journal or path / FOLDER)


def _read_template(output: str, journal: Path | None) -> Place:
    fixed = Template(output).fixed
    base = read_path(fixed).parent if not fixed.endswith(("/", os.sep)) else read_path(fixed)
    if not fixed.strip("./\\") and journal is None:
        raise BadName(
            f"Results named {output} lie beside their inputs, where a journal has no place: "
            "name a folder for it with --journal FOLDER."
        )
    return Place(Template(str(read_path(output))), base, journal or base / FOLDER)


def check_apart(inputs: Iterable[str], place: Place) -> None:
    """Refuse a folder that is both input and output.

    Raises:
        BadName: one is.
    """
    if place.beside_inputs:
        return
    for word in inputs:
        folder = read_path(word)
        if folder.is_dir() and os.path.realpath(folder) == os.path.realpath(place.base):
            raise BadName(
                f"{word} is input and output; name another folder for the results, for "
                f"example {folder / 'cutouts'}, which is then no input."
            )
