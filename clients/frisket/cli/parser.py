"""A parser that names what was probably meant, and whose help has examples and fits 80 columns."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

import frisket
from frisket.cli.commands import EXAMPLES
from frisket.nearest import find_nearest

_WIDEST = 80


class UsageError(Exception):
    """The command line makes no sense; its text is one sentence.

    Attributes:
        usage: how the command is used, one or more lines.
        hint: what was probably meant; may be empty.
    """

    def __init__(self, sentence: str, usage: str = "", hint: str = "") -> None:
        super().__init__(sentence)
        self.usage, self.hint = usage, hint


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help of at most 80 columns, whatever the terminal."""

    def __init__(self, prog: str) -> None:
        width = min(_WIDEST, shutil.get_terminal_size().columns) - 1
        super().__init__(prog, max_help_position=28, width=max(width, 40))


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError`.

    Attributes:
        gathers: the positional argument that takes words after options too; may be empty.
    """

    gathers = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options.setdefault("formatter_class", _Help)
        super().__init__(*arguments, **options)

    def format_help(self) -> str:
        """Return the help, ending with examples."""
        words = self.prog.partition(" ")[2]
        if words in EXAMPLES and not self.epilog:
            self.epilog = "\n  ".join(["examples:", *EXAMPLES[words]])
        return super().format_help()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse at once what this very command does not know."""
        found, extras = super().parse_known_args(args, namespace)
        strange = [word for word in extras if word.startswith("-") and word != "-"]
        if strange:
            self._refuse_option(strange[0])
        if extras and not self.gathers:
            self.error(f"unexpected: {' '.join(extras)}")
        if extras:
            getattr(found, self.gathers).extend(extras)
        return found, []

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, with the usage of this command.

        Raises:
            UsageError: always.
        """
        raise self._refuse(message.removeprefix("argument "))

    def _refuse(self, sentence: str, hint: str = "") -> UsageError:
        words = self.prog.partition(" ")[2]
        where = f"{words}: " if words else ""
        return UsageError(f"{where}{sentence}{hint}", self.format_usage().strip(), hint[2:])

    def _refuse_option(self, word: str) -> NoReturn:
        name = word.partition("=")[0]
        known = [text for text in self._option_string_actions if text.startswith("--")]
        raise self._refuse(f"there is no option {name}", suggest(name, known))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        hint = suggest(str(value), known) or f"; choose from {', '.join(known)}"
        raise self._refuse(f"there is no {_name(action)} {str(value)!r}", hint)


class TellVersion(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print it and end."""
        print(f"frisket {frisket.__version__}")
        parser.exit()


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" where a known word is close, else nothing.

    Args:
        word: what was said.
        known: what there is.
    """
    near = find_nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""


def walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its sub-commands, each once."""
    yield parser
    for child in children(parser).values():
        yield from walk(child)


def children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of sub-commands by name, without their aliases."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in actions(parser):
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                if child not in found.values():
                    found[name] = child
    return found


def actions(parser: argparse.ArgumentParser) -> Sequence[argparse.Action]:
    """Return the options and arguments of a parser, in the order of its help."""
    return parser._actions


def _name(action: argparse.Action) -> str:
    if action.option_strings:
        return action.option_strings[-1]
    return re.sub(r"\W", "", str(action.metavar or action.dest)).lower()
