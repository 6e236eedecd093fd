"""Writes the reference of the command line from its parser."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

HEAD = """# Command reference

Written from the command's own parser; `frisket COMMAND --help` prints the same.
[Command line](../cli.md) explains the results, the options and the exit statuses.
"""


def render() -> str:
    """Return the page in Markdown."""
    os.environ["COLUMNS"] = "88"  # the width argparse wraps at
    from frisket.cli.main import build_parser

    return "\n".join([HEAD, *_describe(build_parser(), 2)])


def _describe(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    """Yield the help of a parser and of every parser below it."""
    yield f"{'#' * level} {parser.prog}\n"
    yield f"```text\n{parser.format_help().rstrip()}\n```\n"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            # An alias is the same parser under another name.
            for below in dict.fromkeys(action.choices.values()):
                yield from _describe(below, min(level + 1, 4))
