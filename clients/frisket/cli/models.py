"""``frisket models``: what models there are, and fetching, adding, moving them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.exits import Exit
from frisket.extras import advise_install

if TYPE_CHECKING:
    from frisket.models import ModelInfo, Registry, Source


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``models`` and its verbs to the command line."""
    parser = subparsers.add_parser("models", help="list, fetch, add and move models")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _verb(verbs, "list", "what there is and what is here", _list)
    _verb(verbs, "show", "all that is known of a model", _show, "NAME")
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
    add = _verb(verbs, "add", "add your own ONNX or TFLite file", _add, "NAME")
    add.add_argument(
        "--family",
        default="",
        metavar="FAMILY",
        help="how it is fed; not needed for a known model",
    )
    add.add_argument(
        "--file",
        required=True,
        type=Path,
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
    _verb(verbs, "remove", "delete a model's files", _remove, "NAME")
    _verb(verbs, "default", "choose the model that runs when none is named", _default, "NAME")
    export = _verb(verbs, "export", "write a model into one file", _export, "NAME")
    export.add_argument("file", type=Path, metavar="FILE")
    _verb(verbs, "import", "take a model out of such a file", _import, "FILE")


def _verb(
    verbs: argparse._SubParsersAction[Any],
    name: str,
    text: str,
    act: Callable[[Registry, argparse.Namespace], None],
    argument: str = "",
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    if argument:
        parser.add_argument(argument.lower(), metavar=argument)
    parser.set_defaults(run=lambda args: _run(act, args))
    return parser


def _run(act: Callable[[Registry, argparse.Namespace], None], args: argparse.Namespace) -> int:
    try:
        from frisket.models import ModelError, Registry
    except ImportError:
        return _say_what_is_missing()
    try:
        act(Registry(), args)
    except ModelError as error:
        print(f"frisket: {error}", file=sys.stderr)
        return Exit.MODEL
    except ImportError:
        return _say_what_is_missing()
    return Exit.OK


def _say_what_is_missing() -> int:
    sentence = f"models need the server's packages; {advise_install('server')}"
    print(f"frisket: {sentence}", file=sys.stderr)
    return Exit.MODEL


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else "-"


def _line(info: ModelInfo) -> tuple[str, ...]:
    state = "default" if info.default else "here" if info.present else "pull"
    if not info.present and not info.pullable:
        state = "add"
    said = info.commercial or "non-commercial" in info.licence
    licence = info.licence + ("" if said else " (non-commercial)")
    return (info.name, state, _size(info.size_bytes), licence, info.description)


def _list(registry: Registry, args: argparse.Namespace) -> None:
    rows = [("NAME", "STATE", "SIZE", "LICENCE", ""), *map(_line, registry.list())]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)]
        print("  ".join([*cells, row[4]]).rstrip())


def _show(registry: Registry, args: argparse.Namespace) -> None:
    info = registry.info(args.name)
    high, wide = info.input_size
    facts = {
        "name": info.name,
        "what it is": info.description,
        "state": _line(info)[1],
        "family": info.family + (" (refiner)" if info.role == "refiner" else ""),
        "licence": _line(info)[3],
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
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, desc=args.name, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        try:
            info = registry.pull(args.name, progress, args.accept_licence, args.index_url)
        except KeyboardInterrupt:
            bar.close()
            sentence = "Interrupted; the same command again goes on from there."
            print(f"frisket: {sentence}", file=sys.stderr)
            raise SystemExit(Exit.INTERRUPTED) from None
    print(f"{info.name}: {_size(info.size_bytes)}, licence {info.licence}")


def _add(registry: Registry, args: argparse.Namespace) -> None:
    info = registry.add(args.name, args.family, args.file, args.accept_licence, args.licence)
    print(f"{info.name}: {_size(info.size_bytes)}, fed as {info.family}, licence {info.licence}")


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
    info = registry.import_(Path(args.file))
    print(f"{info.name}: {_size(info.size_bytes)}, licence {info.licence}")
