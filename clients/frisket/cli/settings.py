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


def fill(arguments: argparse.Namespace, rows: Iterable[Option]) -> None:
    """Give every option that was not given its value: environment, then file, then default.

    Raises:
        UsageError: a value cannot be used; names where it comes from.
    """
    for row in rows:
        if not hasattr(arguments, row.attribute):
            setattr(arguments, row.attribute, _find(row))


def _find(row: Option) -> Any:
    if row.variable and (text := os.environ.get(row.variable)):
        return _read(row, text, row.variable)
    if row.stored and row.name in (stored := read_config()):
        return _check_stored(row, stored[row.name])
    if row.default is not None:
        return row.default
    if row.repeats:
        return []
    return False if row.is_switch else None


def _check_stored(row: Option, value: Any) -> Any:
    where = f"{config_file()}: {row.name}"
    if row.is_switch:
        if not isinstance(value, bool):
            raise UsageError(f"{where} is true or false, not {value!r}.")
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{where} is a text or a number, not {value!r}.")
    return _read(row, str(value), where)


def _read(row: Option, text: str, where: str) -> Any:
    try:
        return row.read(text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


@cache
def read_config() -> Mapping[str, Any]:
    """Return what the configuration file says; nothing where there is none.

    Raises:
        UsageError: it cannot be read, is no TOML, or has an entry that nothing knows.
    """
    file = config_file()
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > _LARGEST_BYTES:
        raise UsageError(f"{file} is larger than a configuration file can be.")
    return _check_names(_parse(file, data), file)


def _parse(file: Path, data: bytes) -> Mapping[str, Any]:
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
