"""Write the manual page of the command from its parser: make_man_page.py FILE."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import frisket
from frisket.cli.commands import COMMANDS
from frisket.cli.main import build_parser
from frisket.cli.parser import actions, walk

_FILES = """\
.SH FILES
.TP
.B config.toml
In frisket's own folder (FRISKET_HOME, or the system's place for a user's data): options as
NAME = VALUE, without the dashes.
.SH ENVIRONMENT
FRISKET_HOME, FRISKET_TOKEN, FRISKET_MODEL, FRISKET_SERVER, FRISKET_DEVICE, FRISKET_QUALITY,
NO_COLOR. An option of the command line goes before a variable, and a variable before the file.
"""


def compose() -> str:
    """Return the page, in the language of man."""
    parser = build_parser(*COMMANDS)
    head = f'.TH FRISKET 1 "" "frisket {frisket.__version__}"\n.SH NAME\n'
    name = f"frisket \\- {escape(str(parser.description))}\n"
    parts = [part for one in walk(parser) for part in describe(one)]
    return head + name + "".join(parts) + _FILES


def describe(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the section of one command."""
    yield f'.SH "{escape(parser.prog)}"\n'
    usage = parser.format_usage().partition(":")[2].split()
    yield f".nf\n{escape(' '.join(usage))}\n.fi\n.PP\n"
    for action in actions(parser):
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = f" {action.metavar}" if action.option_strings and action.metavar else ""
        text = escape((action.help or "").replace("%%", "%"))
        yield f".TP\n.B {escape(names + value)}\n{text}\n"


def escape(text: str) -> str:
    """Return a text whose hyphens, backslashes and leading dots mean themselves."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def main() -> None:
    """Write the page."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    Path(sys.argv[1]).write_text(compose(), encoding="utf-8")


if __name__ == "__main__":
    main()
