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
    return "\n".join([HEAD, *(_describe(parser) for parser in read_parsers())])


def read_parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield the parser of the command, and those of all commands below it."""
    from frisket.cli.main import build_parser

    whole = build_parser()
    yield whole
    for name in _list_below(whole):
        # Only the parser of the command that is asked for has all of its options.
        yield from _walk(_list_below(build_parser(name))[name])


def _walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for below in dict.fromkeys(_list_below(parser).values()):  # an alias is the same parser
        yield from _walk(below)


def _list_below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return found


def _describe(parser: argparse.ArgumentParser) -> str:
    level = min(1 + len(parser.prog.split()), 4)
    return f"{'#' * level} {parser.prog}\n\n```text\n{parser.format_help().rstrip()}\n```\n"
