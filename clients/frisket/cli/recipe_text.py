"""Recipes for people: a new one to fill in, and the values that one stands for."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from frisket.cli.options import Option
from frisket.cli.recipe_options import RECIPE_OPTIONS
from frisket.cli.settings import fill, tell_origin

_WIDTH = 96
_HEAD = """\
# A recipe for 'frisket batch --recipe FILE': the long options of 'frisket batch' without dashes.
# 'frisket recipe check FILE' says what is wrong in it; 'frisket recipe schema' helps an editor.
# What the command line says counts more than what stands here.
"""


def compose() -> str:
    """Return a recipe in which every option is a comment, with what it does."""
    parts, heading = [_HEAD], ""
    # Options of one heading stand together, as in help; those without one come first.
    for row in sorted(RECIPE_OPTIONS.values(), key=lambda row: row.group):
        if row.group != heading:
            heading = row.group
            parts.append(f"# ---- {heading}\n")
        parts.append("\n".join(_describe(row)) + "\n")
    return "\n".join(parts)


def _describe(row: Option) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(row.help, _WIDTH - 2))
    if row.choices:
        yield f"# One of: {', '.join(map(str, row.choices))}"
    yield f"# {row.name} = {_example(row)}"


def _example(row: Option) -> str:
    """Return the default as TOML, or something of the right kind."""
    if row.is_switch:
        return "true"
    value = row.default if row.default not in (None, "", ()) else row.example
    return json.dumps([value] if row.repeats else value)


def tell_options(values: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return the name, the value and the origin of every option under a recipe."""
    rows = list(RECIPE_OPTIONS.values())
    arguments = argparse.Namespace()
    fill(arguments, rows, values)
    return [
        (
            row.name,
            getattr(arguments, row.attribute),
            "recipe" if row.name in values else tell_origin(row),
        )
        for row in rows
    ]


def identify(values: Mapping[str, Any]) -> list[str]:
    """Return what identifies, in a journal, the recipe of each kind of result."""
    from frisket.cli.cut import list_choices
    from frisket.jobs.batch.fingerprint import describe_recipe, identify_recipe

    arguments = argparse.Namespace()
    fill(arguments, RECIPE_OPTIONS.values(), values)
    return [identify_recipe(describe_recipe(one)) for one in list_choices(arguments, True)]
