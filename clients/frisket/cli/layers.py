"""`frisket layers`: what a document holds."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.options import ENCODING, add_options, path
from frisket.cli.settings import fill

if TYPE_CHECKING:
    from frisket.documents import Document, Layer


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("layers", help=COMMANDS["layers"])
    parser.add_argument("file", type=path, metavar="FILE", help="a PSD, PSB, TIFF or flat image")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_options(parser, [ENCODING])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree of layers."""
    from frisket.documents import open_document

    fill(arguments, [ENCODING])
    with open_document(arguments.file, arguments.encoding) as document:
        if arguments.json:
            print(json.dumps(as_dict(document)))
        else:
            _print(document)
    return Exit.OK


def as_dict(document: Document) -> dict[str, Any]:
    """Return a document's structure as plain values for JSON."""
    return {
        "path": str(document.path),
        "format": document.format,
        "width": document.width,
        "height": document.height,
        "depth": document.depth,
        "mode": document.mode,
        "layers": [dataclasses.asdict(layer) for layer in document.layers],
    }


def _print(document: Document) -> None:
    print(
        f"{document.path}: {document.format}, {document.width} x {document.height} px, "
        f"{document.mode}, {document.depth}-bit"
    )
    for layer in document.layers:
        print(_line(layer))


def _line(layer: Layer) -> str:
    eye = " " if layer.visible else "hidden"
    size = f"{layer.width}x{layer.height}{layer.x:+d}{layer.y:+d}"
    extras = " ".join(
        filter(None, [layer.blend_mode, "mask" if layer.has_mask else "", eye.strip()])
    )
    indent = "  " * layer.level
    return f"  #{layer.id:<5} {indent}{layer.name}  [{layer.kind}] {size}  {extras}".rstrip()
