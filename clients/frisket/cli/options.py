"""Options as rows of tables: parser, configuration file and environment come from the same rows.

An option that is not given leaves no trace in the parsed arguments; `frisket.cli.settings`
fills them from the environment, the configuration file and the defaults here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frisket.cli.parser import suggest
from frisket.jobs.paths import read_path


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        name: without dashes, as in the configuration file.
        help: what it does.
        kind: turns its text into its value; None for an option without a value. Raises
            ValueError with the end of a sentence: "'x' is not …".
        metavar: what stands for the value in help.
        default: the value when nobody says anything.
        choices: the values that there are; empty where any will do.
        short: one letter, or empty.
        dest: the attribute of the parsed arguments; by default made of the name.
        repeats: whether it may be given several times; its value is a list then.
        group: heading in help; options of one heading stand together.
        variable: the environment variable that sets it; empty for none.
        stored: whether the configuration file may set it.
        example: a value to show where there is no default.
        whole: whether its value is a whole number of 0 or more.
    """

    name: str
    help: str
    kind: Callable[[str], Any] | None = None
    metavar: str = ""
    default: Any = None
    choices: Sequence[Any] = ()
    short: str = ""
    dest: str = ""
    repeats: bool = False
    group: str = ""
    variable: str = ""
    stored: bool = True
    example: Any = ""
    whole: bool = False

    @property
    def attribute(self) -> str:
        """The attribute of the parsed arguments that holds the value."""
        return self.dest or self.name.replace("-", "_")

    @property
    def takes_several(self) -> bool:
        """Whether its text is several values with commas between them, as X,Y is."""
        return "," in self.metavar

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return self.kind is None

    def read(self, text: str) -> Any:
        """Return the value that a text stands for.

        Raises:
            ValueError: it stands for none; says why.
        """
        assert self.kind is not None
        try:
            value = self.kind(text)
        except (ValueError, argparse.ArgumentTypeError) as error:
            # What `int` and `float` say is for programmers.
            raise ValueError(_reason(error, text)) from error
        if self.choices and value not in self.choices:
            known = [str(choice) for choice in self.choices]
            hint = suggest(text, known) or f"; choose from {', '.join(known)}"
            raise ValueError(f"{text!r} is not possible{hint}")
        return value


def add_options(parser: argparse.ArgumentParser, rows: Iterable[Option]) -> None:
    """Add rows to a parser, under their headings."""
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for row in rows:
        if row.group not in groups:
            groups[row.group] = parser.add_argument_group(row.group)
        _add(groups[row.group], row)


def _add(group: argparse._ActionsContainer, row: Option) -> None:
    flags = [*([f"-{row.short}"] if row.short else []), f"--{row.name}"]
    shared: dict[str, Any] = {
        "dest": row.attribute,
        "default": argparse.SUPPRESS,
        "help": row.help.replace("%", "%%"),
    }
    if row.is_switch:
        group.add_argument(*flags, action="store_true", **shared)
        return
    metavar = row.metavar or "{" + ",".join(map(str, row.choices)) + "}"
    action = "append" if row.repeats else "store"
    group.add_argument(*flags, action=action, type=_for_parser(row), metavar=metavar, **shared)


def _for_parser(row: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return row.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _reason(error: Exception, text: str) -> str:
    said = str(error)
    return said if said.startswith("'") else f"{text!r} is not a number"


def path(text: str) -> Path:
    """Return the path of a file, by `frisket.jobs.paths`; argparse reports the ValueError.

    Raises:
        ArgumentTypeError: a URL names a file of another machine.
    """
    try:
        return read_path(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _read_encoding(text: str) -> str:
    try:
        b"a".decode(text)
    except (LookupError, UnicodeError):
        raise ValueError(f"{text!r} is no text encoding") from None
    return text


ENCODING = Option(
    "encoding",
    "of layer names without a Unicode form, for example shift_jis; by default what the "
    "document hints at",
    _read_encoding,
    metavar="NAME",
    default="",
    example="shift_jis",
)
"""How old names of layers are read; every command that opens layered documents takes it."""
