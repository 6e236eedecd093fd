"""Read the help of every command in one process, in an environment without the tests' packages.

Prints the command lines whose help could be read, one a line.
"""

import contextlib
import io
import re
import sys

from frisket.cli.main import main

SUBCOMMAND = re.compile(r"^    ([a-z-]+)(?:  |$)", re.MULTILINE)


def read_helps(*words: str) -> None:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    if not text.getvalue().startswith("usage:"):
        sys.exit(f"frisket {' '.join(words)} --help says: {text.getvalue()!r}")
    print(" ".join(words))
    choices = text.getvalue().partition("positional arguments:")[2].partition("\n\n")[0]
    for name in SUBCOMMAND.findall(choices):
        read_helps(*words, name)


read_helps()
