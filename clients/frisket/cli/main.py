"""The `frisket` command.

Sub-commands live in modules of their own; each registers its options and names the
function that runs it. Errors become one sentence and a documented exit status here.
"""

from __future__ import annotations

import sys

from frisket.cli.exits import Exit

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from collections.abc import Sequence

    from frisket.cli.parser import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given in (["--version"], ["-V"]):
        # Before anything is loaded: scripts ask this often.
        import frisket

        print(f"frisket {frisket.__version__}")
        return Exit.OK
    if arguments is None:
        from frisket.cli.lighter import own_process

        own_process()
    return _run(given)


def build_parser(*wanted: str) -> Parser:
    """Return the parser of the whole command, with the options of some sub-commands.

    Args:
        wanted: names of sub-commands; the modules of the others are not loaded, which would
            take longer than many a command.
    """
    import argparse
    import importlib

    from frisket.cli.commands import COMMANDS
    from frisket.cli.parser import Parser, TellVersion

    parser = Parser(
        prog="frisket",
        description="Cut subjects out of layers of any size.",
        usage="frisket COMMAND …",
    )
    parser.add_argument("-V", "--version", action=TellVersion, nargs=0, help="tell the version")
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error happened, for reports"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", prog="frisket"
    )
    for name, text in COMMANDS.items():
        if name in wanted:
            importlib.import_module(f"frisket.cli.{name}").register(commands)
        else:
            commands.add_parser(name, help=text, add_help=False)
    text = "show the help of a command"
    helper = commands.add_parser("help", help=text, usage="frisket help [COMMAND [VERB]]")
    helper.add_argument("words", nargs="*", metavar="COMMAND", help="what help is wanted for")
    assert isinstance(commands, argparse._SubParsersAction)
    return parser


def _run(given: list[str]) -> int:
    from frisket.cli.lighter import load_quickly, postpone_rare_modules
    from frisket.cli.parser import UsageError
    from frisket.protocol.heap import share_one_heap

    postpone_rare_modules()
    _accept_any_letters()
    traceback = "--traceback" in given
    given = _translate_help([word for word in given if word != "--traceback"])
    try:
        with load_quickly():
            parsed = build_parser(*given).parse_args(given)
        parsed.traceback = traceback
        if not traceback:
            _silence_libraries()
        share_one_heap()
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return _fail("Interrupted; nothing half-written is left.", Exit.INTERRUPTED, given)
    except BrokenPipeError:
        return _end_quietly()
    except UsageError as error:
        if error.usage:
            print(error.usage, file=sys.stderr)
        return _fail(str(error), Exit.USAGE, given, error.hint)
    except Exception as error:
        if traceback:
            raise
        from frisket.cli.errors import report_error

        return report_error(error, "--json" in given)


def _accept_any_letters() -> None:
    """Let names that the terminal's encoding lacks be printed with escapes, not end the work."""
    import io

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _translate_help(given: list[str]) -> list[str]:
    """Return `COMMAND --help` for `help COMMAND`, and the whole help for nothing at all."""
    if given in ([], ["help"]):
        return ["--help"]
    if given[0] != "help":
        return given
    own = given[1] == "help" or given[1].startswith("-")
    return ["help", "--help"] if own else [*given[1:], "--help"]


def _silence_libraries() -> None:
    """Keep what libraries remark about a file from the terminal; what matters is an error."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.lastResort = None


def _fail(sentence: str, status: int, given: Sequence[str], hint: str = "") -> int:
    from frisket.cli.errors import report

    report(sentence, Exit(status), "--json" in given, hint)
    return status


def _end_quietly() -> int:
    """Return without a word: whoever read the output has gone."""
    import os

    # Python would complain again at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
