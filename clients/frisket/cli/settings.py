"""Where options come from that are not on the command line: environment, file, defaults.

The file lies in frisket's own folder and nowhere else: a file in the working folder could be a
stranger's, and name a server.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from frisket.cli.options import Option
from frisket.cli.parser import UsageError, suggest
from frisket.protocol.home import home

_LARGEST_BYTES = 1 << 16


def config_file() -> Path:
    """Return where the configuration file lies, whether there is one or not."""
    return home() / "config.toml"


def fill(
    arguments: argparse.Namespace, rows: Iterable[Option], recipe: Mapping[str, Any] | None = None
) -> None:
    """Give every option that was not given its value.

    It comes from the recipe, then the environment, then the file, then its default.

    Args:
        arguments: the command line, parsed.
        rows: the options.
        recipe: values of options, by name and as they are used.

    Raises:
        UsageError: a value cannot be used; names where it comes from.
    """
    for row in rows:
        if not hasattr(arguments, row.attribute):
            value = recipe[row.name] if recipe and row.name in recipe else _find(row)
            setattr(arguments, row.attribute, value)


def _find(row: Option) -> Any:
    if row.variable and (text := os.environ.get(row.variable)):
        return _read(row, text, row.variable)
    if row.stored and row.name in (stored := read_config()):
        return read_value(row, stored[row.name], f"{config_file()}: {row.name}")
    if row.default is not None:
        return row.default
    if row.repeats:
        return []
    return False if row.is_switch else None


def tell_origin(row: Option) -> str:
    """Return where the value of an option comes from that nobody gives by hand.

    Raises:
        UsageError: the configuration file cannot be used.
    """
    if row.variable and os.environ.get(row.variable):
        return row.variable
    return str(config_file()) if row.stored and row.name in read_config() else "default"


def read_value(row: Option, value: Any, where: str) -> Any:
    """Return the value of an option that a TOML file says something of.

    Args:
        row: the option.
        value: what the file says: a switch is true or false, everything else a text or a
            number, or several of them.
        where: file and name, for messages.

    Raises:
        UsageError: it is no value of the option.
    """
    if row.is_switch:
        if not isinstance(value, bool):
            raise UsageError(f"{where} is true or false, not {value!r}.")
        return value
    if row.repeats:
        many = value if isinstance(value, list) else [value]
        return [_read(row, _join(row, one, where), where) for one in many]
    return _read(row, _join(row, value, where), where)


def _join(row: Option, value: Any, where: str) -> str:
    """Return a value as it is written on the command line: several with commas between them."""
    if isinstance(value, list) and row.takes_several:
        return ",".join(_to_text(one, where) for one in value)
    return _to_text(value, where)


def _to_text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{where} is a text or a number, not {value!r}.")
    return str(value)


def _read(row: Option, text: str, where: str) -> Any:
    try:
        return row.read(text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def read_config() -> Mapping[str, Any]:
    """Return what the configuration file says; nothing where there is none.

    Raises:
        UsageError: it cannot be read, is no TOML, or has an entry that nothing knows.
    """
    return _read_config(config_file())


@cache
def _read_config(file: Path) -> Mapping[str, Any]:
    try:
        return _check_names(parse_toml(file), file)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def parse_toml(file: Path) -> Mapping[str, Any]:
    """Return what a TOML file says.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        UsageError: it cannot be read, is too large or no TOML.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > _LARGEST_BYTES:
        raise UsageError(f"{file} is larger than a file of options can be.")
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        values: Mapping[str, Any] = toml.loads(data.decode("utf-8"))
    except ValueError as error:  # of TOML, or of UTF-8
        raise UsageError(f"{file} is not valid TOML: {error}.") from error
    return values


def _check_names(values: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    # Imported here: the tables are large, and most users have no file.
    from frisket.cli.cut_options import STORED

    for name in values.keys() - STORED.keys():
        raise UsageError(f"{file}: there is no option {name!r}{suggest(name, STORED) or '.'}")
    return values
