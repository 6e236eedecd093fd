"""`frisket recipe`: write, check and show recipes for `frisket batch`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import path


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its verbs to the parser."""
    parser = subparsers.add_parser(
        "recipe", help=COMMANDS["recipe"], description="Recipes are options of frisket batch."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    new = verbs.add_parser("new", help="write a recipe in which every option is a comment")
    new.add_argument("file", type=path, metavar="FILE", help="what to write")
    new.set_defaults(run=_run_new)
    for name, text, run in (
        ("check", "say everything that is wrong in a recipe, with its line", _run_check),
        ("show", "print every option, its value and where that comes from", _run_show),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("file", type=path, metavar="FILE", help="the recipe")
        verb.add_argument("--json", action="store_true", help="print JSON")
        verb.set_defaults(run=run)
    schema = verbs.add_parser("schema", help="print the JSON Schema of recipes, for editors")
    schema.set_defaults(run=_run_schema)


def _run_new(arguments: argparse.Namespace) -> int:
    from frisket.cli.recipe_text import compose
    from frisket.documents import OutputError

    file: Path = arguments.file
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(compose())
    except FileExistsError:
        raise OutputError(file, "exists already", advice="name another file") from None
    print(f"{file} is written; take the # from what you want to say.")
    return Exit.OK


def _run_check(arguments: argparse.Namespace) -> int:
    from frisket.cli.recipe_file import read_recipe
    from frisket.cli.style import complain

    recipe = read_recipe(arguments.file)
    if arguments.json:
        print(json.dumps({"file": str(recipe.file), "faults": list(recipe.faults)}))
    for fault in recipe.faults:
        complain(fault)
    if not recipe.faults and not arguments.json:
        print(f"{recipe.file} is good: {len(recipe.values)} options.")
    return Exit.USAGE if recipe.faults else Exit.OK


def _run_show(arguments: argparse.Namespace) -> int:
    from frisket.cli.recipe_file import read_recipe
    from frisket.cli.recipe_text import identify, tell_options

    values = read_recipe(arguments.file).require()
    told, identities = tell_options(values), identify(values)
    if arguments.json:
        options = {name: value for name, value, _ in told}
        print(json.dumps({"options": options, "identities": identities}, default=str))
        return Exit.OK
    for name, value, where in told:
        print(f"{name} = {json.dumps(value, default=str)}  # {where}")
    print(f"# known to journals as {', '.join(identities)}")
    return Exit.OK


def _run_schema(arguments: argparse.Namespace) -> int:
    from frisket.cli.recipe_schema import make_schema

    print(json.dumps(make_schema(), indent=2))
    return Exit.OK
