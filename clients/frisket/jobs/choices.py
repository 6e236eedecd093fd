"""Checks options by name, and says what is allowed where one is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frisket.client.errors import ClientError
from frisket.nearest import find_nearest


class BadOption(ClientError, ValueError):
    """An option has a name or a value that does not exist; the message lists what does."""


def check_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Check that an option has one of its values.

    Raises:
        BadOption: it has another; the message names the nearest and lists them all.
    """
    choices = tuple(allowed)
    if value in choices:
        return
    listed = list_choices([str(choice) for choice in choices])
    raise BadOption(f"{name}={value!r} is not possible{suggest(value, choices)}: use {listed}.")


def check_names(given: Iterable[str], allowed: Sequence[str], where: str) -> None:
    """Check that options exist.

    Args:
        given: their names.
        allowed: the names that exist.
        where: who takes them, for the message.

    Raises:
        BadOption: one does not exist.
    """
    for name in given:
        if name not in allowed:
            raise BadOption(
                f"{where} has no option {name!r}{suggest(name, allowed)}: "
                f"there are {', '.join(sorted(allowed))}."
            )


def suggest(value: object, choices: Iterable[object]) -> str:
    """Return "; did you mean 'x'?" as part of a sentence, or nothing where no choice is near."""
    near = find_nearest(str(value), map(str, choices))
    return f" (did you mean {near!r}?)" if near else ""


def list_choices(choices: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return " or ".join(part for part in (", ".join(choices[:-1]), choices[-1]) if part)
