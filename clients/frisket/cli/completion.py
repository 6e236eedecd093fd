"""`frisket completion`: what lets a shell complete the command.

Each shell gets a few lines that ask frisket itself, so that all of them complete the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.parser import actions, children

_FILES = "<files>"  # tells the script that the shell itself knows better
_ASK = "words"

_SCRIPTS = {
    "bash": """\
_frisket() {
    local IFS=$'\\n' found
    found=$(frisket completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [[ $found == "<files>" ]]; then
        compopt -o default 2>/dev/null
        COMPREPLY=()
    else
        COMPREPLY=($(compgen -W "$found" -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
complete -F _frisket frisket
""",
    "zsh": """\
_frisket() {
    local -a found
    found=("${(@f)$(frisket completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ $found[1] == "<files>" ]]; then
        _files
    else
        compadd -a found
    fi
}
compdef _frisket frisket
""",
    "fish": """\
function __frisket_complete
    set -l given (commandline -opc) (commandline -ct)
    set -l found (frisket completion words -- $given[2..-1] 2>/dev/null)
    if test "$found[1]" = "<files>"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c frisket -f -a '(__frisket_complete)'
""",
    "powershell": """\
Register-ArgumentCompleter -Native -CommandName frisket -ScriptBlock {
    param($word, $line, $position)
    $given = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($word -eq '') { $given += '""' }
    frisket completion words -- @given 2>$null |
        Where-Object { $_ -ne '<files>' -and $_ -like "$word*" } |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
""",
}


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("completion", help=COMMANDS["completion"])
    parser.add_argument(
        "shell",
        choices=[*_SCRIPTS, _ASK],
        metavar="SHELL",
        help=f"{', '.join(_SCRIPTS)}; '{_ASK}' is what their scripts ask",
    )
    parser.add_argument("given", nargs="*", metavar="WORD", help="what was typed so far")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a script, or what may stand at the end of a command line."""
    if arguments.shell != _ASK:
        print(_SCRIPTS[arguments.shell], end="")
        return Exit.OK
    print("\n".join(complete(["" if word == '""' else word for word in arguments.given])))
    return Exit.OK


def complete(given: Sequence[str]) -> list[str]:
    """Return what the last of the words may become; `<files>` alone where it is a file.

    Args:
        given: the words after `frisket`; the last one is being typed and may be empty.
    """
    from frisket.cli.main import build_parser

    *before, last = given or [""]
    parser: argparse.ArgumentParser = build_parser(*before)
    for word in before:
        parser = children(parser).get(word, parser)
    waiting = _find_option(parser, before[-1]) if before else None
    if waiting is not None:
        return [one for one in _values(waiting) if one.startswith(last)] or [_FILES]
    if last.startswith("-"):
        return [name for name in _list_options(parser) if name.startswith(last)]
    found = [*children(parser), *_list_choices(parser)]
    return [name for name in found if name.startswith(last)] or [_FILES]


def _find_option(parser: argparse.ArgumentParser, word: str) -> argparse.Action | None:
    """Return the option that a word is, where it takes a value."""
    for action in actions(parser):
        if word in action.option_strings and action.nargs != 0:
            return action
    return None


def _values(action: argparse.Action) -> list[str]:
    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.dest == "model":
        return _list_models()
    row = _rows().get(action.dest)
    return [str(choice) for choice in row.choices] if row else []


def _rows() -> dict[str, Any]:
    from frisket.cli.cut_options import CUT_OPTIONS

    return {row.attribute: row for row in CUT_OPTIONS}


def _list_models() -> list[str]:
    try:
        from frisket.models import Registry

        return [info.name for info in Registry().list() if info.present]
    except Exception:
        # Without the server's packages, or in a home that cannot be read, there are no names.
        return []


def _list_options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in actions(parser):
        if action.help != argparse.SUPPRESS:
            yield from (name for name in action.option_strings if name.startswith("--"))


def _list_choices(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in actions(parser):
        if action.dest == "name" and not action.option_strings:
            yield from _list_models()
        elif not action.option_strings and not isinstance(action, argparse._SubParsersAction):
            yield from map(str, action.choices or ())
