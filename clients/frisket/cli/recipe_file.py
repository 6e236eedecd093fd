"""Recipes: options of `frisket batch` in a TOML file, checked whole before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frisket.cli.finish_options import FINISH_OPTIONS
from frisket.cli.named_files import settle_file
from frisket.cli.parser import UsageError, suggest
from frisket.cli.recipe_options import RECIPE_OPTIONS
from frisket.cli.settings import parse_toml, read_value


@dataclass(frozen=True)
class Recipe:
    """What a recipe says.

    Attributes:
        file: where it stands.
        values: of options, by name, as they are used.
        faults: what is wrong, one sentence each; a recipe with any is not used.
    """

    file: Path
    values: Mapping[str, Any]
    faults: tuple[str, ...] = ()

    def require(self) -> Mapping[str, Any]:
        """Return the values.

        Raises:
            UsageError: something is wrong; names the first fault and how to see the others.
        """
        if not self.faults:
            return self.values
        more = len(self.faults) - 1
        rest = f" {more} more: frisket recipe check {self.file} lists all." if more else ""
        raise UsageError(self.faults[0] + rest)


def read_recipe(file: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        UsageError: there is none, it cannot be read, or is no TOML.
    """
    try:
        told = parse_toml(file)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"There is no recipe {file}.") from None
    lines = file.read_text("utf-8").splitlines()
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in told.items():
        where = f"{file}, line {_find_line(lines, name)}: {name}"
        try:
            values[name] = _read(name, value, where, file.parent)
        except UsageError as error:
            faults.append(str(error))
    faults += _check_together(values, file)
    return Recipe(file, values, tuple(faults))


def _read(name: str, value: Any, where: str, folder: Path) -> Any:
    """Return a value; a file that it names is looked for in the recipe's folder.

    Raises:
        UsageError: there is no such option, value or file.
    """
    row = RECIPE_OPTIONS.get(name)
    if row is None:
        hint = suggest(name, RECIPE_OPTIONS)
        raise UsageError(f"{where}: there is no such option{hint or '.'}")

    def find(named: Path) -> Path:
        found = folder / named
        if not found.is_file():
            raise UsageError(f"{where}: there is no file {found}.")
        return found

    return settle_file(row, read_value(row, value, where), find)


def _check_together(values: Mapping[str, Any], file: Path) -> Iterator[str]:
    """Yield what is wrong with values that are right by themselves."""
    from frisket.jobs.batch.place import read_place
    from frisket.protocol.errors import FrisketError

    if output := values.get("output"):
        try:
            read_place(output, Path())
        except FrisketError as error:
            yield f"{file}: output: {error}"
    finishing = {row.attribute: values[row.name] for row in FINISH_OPTIONS if values.get(row.name)}
    if finishing:
        from frisket.finish.options import read_finish

        try:
            read_finish(finishing)
        except FrisketError as error:
            yield f"{file}: {error}"


def _find_line(lines: list[str], name: str) -> int:
    """Return where a name is set, counted from 1; 1 where that is not to be found."""
    sets = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(lines, 1) if sets.match(line)), 1)
