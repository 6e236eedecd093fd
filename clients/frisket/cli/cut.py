"""`frisket cut`: read a layer, matte it, write the result."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.cli.exits import Exit
from frisket.cli.server_options import add_server_options, server_choice
from frisket.documents.core.results import DEPTHS, EXISTING, PREVIEWS
from frisket.finish.deliver import DELIVERIES

if TYPE_CHECKING:
    from frisket.client.cutting import CutOptions, CutResult

_CLASS = "{class}"  # in the output's name: one file for each class
_EDGE = {
    "shift": ("shift_px", "PX", "expand (+) or contract (-) the edge"),
    "feather": ("feather_px", "PX", "blur the edge"),
    "contrast": ("contrast", "-1..1", "steeper or softer edge"),
    "smooth": ("smooth", "0..1", "round the outline"),
    "fill-holes": ("fill_holes", "SHARE", "fill holes smaller than this share of the subject"),
    "drop-specks": ("drop_specks", "SHARE", "drop specks smaller than this share"),
}


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("cut", help="cut a subject out of a layer")
    _add_input(parser)
    _add_result(parser)
    parser.add_argument("--model", default="", help="default: the server's")
    parser.add_argument(
        "--classes",
        type=_names,
        default=(),
        metavar="NAME,…",
        help="for models with classes: what is cut, for example person,dog; "
        "one file for each with {class} in the output's name",
    )
    parser.add_argument(
        "--quality",
        choices=["draft", "standard", "high", "best"],
        default="standard",
        help="how much work the edge gets; default: standard",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="for untrusted files: decode in a child process with limits first",
    )
    parser.add_argument("--no-decontaminate", action="store_true", help="keep the edge's colours")
    parser.add_argument(
        "--allow-empty", action="store_true", help="write where no subject is found too"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--no-progress", action="store_true", help="no bar while it works")
    _add_hints(parser)
    _add_edge(parser)
    add_server_options(parser)
    parser.set_defaults(run=run)


def _add_input(parser: argparse.ArgumentParser) -> None:
    """Add what is cut, and where to."""
    parser.add_argument("input", type=Path, help="a flat or layered document")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="where to; may be the input itself"
    )
    parser.add_argument(
        "--layer",
        action="append",
        default=[],
        help="name, path Group/Name, glob or #id; may be repeated",
    )
    parser.add_argument("--all-layers", action="store_true", help="every layer with pixels")


def _add_result(parser: argparse.ArgumentParser) -> None:
    """Add what the result is and how it is written."""
    parser.add_argument(
        "--as", dest="kind", choices=DELIVERIES, default="", metavar="KIND", help=_describe_kinds()
    )
    parser.add_argument("--depth", type=int, choices=DEPTHS, default=8, help="of a matte")
    parser.add_argument(
        "--existing",
        choices=EXISTING,
        default="refuse",
        help="what becomes of a mask that is there already; default: refuse",
    )
    parser.add_argument(
        "--preview",
        choices=PREVIEWS,
        default="mark",
        help="of a PSD with a new mask: say that it is stale, compose it again, or leave it",
    )


def _describe_kinds() -> str:
    described = "; ".join(f"{row.kind}: {row.help}" for row in DELIVERIES.values())
    return f"{described}; default: by the two formats"


def _add_hints(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("hints")
    group.add_argument(
        "--box",
        action="append",
        type=_box,
        default=[],
        metavar="X,Y,W,H",
        help="around the subject, in pixels of the layer; may be repeated",
    )
    group.add_argument(
        "--point",
        action="append",
        type=_point,
        default=[],
        metavar="+X,Y",
        help="+X,Y is the subject, -X,Y is not (write --point=-X,Y)",
    )
    group.add_argument(
        "--trimap", type=Path, help="picture: 0 out, 128 open, 255 in", metavar="FILE"
    )
    group.add_argument(
        "--prior", type=Path, help="picture: a selection or an earlier mask", metavar="FILE"
    )
    group.add_argument(
        "--normalise",
        default="off",
        metavar="STEP,…",
        help="what the model sees: auto, off, or exposure, white-balance, denoise, clahe",
    )


def _add_edge(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("edge")
    for option, (name, metavar, text) in _EDGE.items():
        group.add_argument(
            f"--{option}", dest=name, type=float, default=0.0, metavar=metavar, help=text
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _box(text: str) -> tuple[int, int, int, int]:
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not X,Y,W,H in pixels") from None
    return x, y, width, height


def _point(text: str) -> tuple[int, int, bool]:
    try:
        x, y = (int(part) for part in text.lstrip("+-").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not +X,Y or -X,Y in pixels") from None
    return x, y, not text.startswith("-")


def run(arguments: argparse.Namespace) -> int:
    """Cut, once or once for each class, and say what was done."""
    wanted = options(arguments)
    if _CLASS not in arguments.output.name:
        _cut(arguments, arguments.output, wanted)
        return Exit.OK
    if not wanted.classes:
        from frisket.client.hint_files import BadHint

        raise BadHint(f"An output with {_CLASS} needs --classes, which say what to write.")
    found = [name for name in wanted.classes if _cut_class(arguments, name, wanted)]
    return Exit.OK if found else Exit.NO_SUBJECT


def _cut(arguments: argparse.Namespace, output: Path, wanted: CutOptions) -> None:
    from frisket.cli.progress import bar
    from frisket.client.cutting import cut

    shown = sys.stderr.isatty() and not arguments.no_progress
    with bar(shown) as progress:
        result = cut(arguments.input, output, wanted, progress=progress)
    report(result, arguments.json)


def _cut_class(arguments: argparse.Namespace, name: str, wanted: CutOptions) -> bool:
    """Cut one class of several; False, and a word about it, when there is none of it."""
    from frisket.client.cutting import NoSubject

    output = arguments.output.with_name(arguments.output.name.replace(_CLASS, name))
    try:
        _cut(arguments, output, dataclasses.replace(wanted, classes=(name,)))
    except NoSubject:
        print(f"frisket: no {name} was found, so {output} was not written", file=sys.stderr)
        return False
    return True


def options(arguments: argparse.Namespace) -> CutOptions:
    """Return what the command line describes."""
    from frisket.client.cutting import CutOptions
    from frisket.client.hint_files import HintFiles
    from frisket.client.options import Edge, Point

    points = tuple(Point(x, y, positive) for x, y, positive in arguments.point)
    return CutOptions(
        kind=arguments.kind,
        layers=tuple(arguments.layer),
        all_layers=arguments.all_layers,
        model=arguments.model,
        classes=arguments.classes,
        quality=arguments.quality,
        normalise=arguments.normalise,
        edge=Edge(**{name: getattr(arguments, name) for name, _, _ in _EDGE.values()}),
        depth=arguments.depth,
        existing=arguments.existing,
        preview=arguments.preview,
        sandbox=arguments.sandbox,
        decontaminate=not arguments.no_decontaminate,
        allow_empty=arguments.allow_empty,
        hints=HintFiles(tuple(arguments.box), points, arguments.trimap, arguments.prior),
        server=server_choice(arguments),
    )


def report(result: CutResult, as_json: bool) -> None:
    """Say what was done, in words or as one line of JSON."""
    if result.notice:
        print(f"frisket: {result.notice}", file=sys.stderr)
    for reason in result.outcome.judgement.reasons:
        print(f"frisket: worth a look: {reason}", file=sys.stderr)
    if as_json:
        print(json.dumps(as_dict(result)))
        return
    share = result.uploaded_bytes / result.layer_bytes
    print(
        f"{result.output}: {result.kind} of '{result.layer_path}', "
        f"{result.width} x {result.height} px in {result.seconds:.2f} s "
        f"(first mask {result.first_mask_seconds:.2f} s, {result.model} on {result.device}, "
        f"{result.tiles_sent} of {result.tiles_total} tiles, {share:.0%} of the layer sent)"
    )


def as_dict(result: CutResult) -> dict[str, Any]:
    """Return a result as plain values for JSON."""
    values = {
        field.name: getattr(result, field.name)
        for field in dataclasses.fields(result)
        if field.name not in ("outcome", "output", "coarse")
    }
    outcome = result.outcome
    box = outcome.subject
    values["output"] = str(result.output)
    values["subject"] = {
        "box": None if box is None else [box.x, box.y, box.width, box.height],
        "covered_share": outcome.covered_share,
    }
    values["assessment"] = dataclasses.asdict(outcome.judgement)
    values["method"] = outcome.method
    return values
