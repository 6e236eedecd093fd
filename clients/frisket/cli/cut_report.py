"""What `frisket cut` says of each file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from frisket.cli.better_model import suggest_model
from frisket.cli.style import warn

if TYPE_CHECKING:
    from frisket.client.events import Outcome
    from frisket.jobs.task import CutResult, LayerReport

# What JSON tells of a document and of each of its layers alike.
_FIGURES = (
    "width", "height", "first_mask_seconds", "proxy_seconds", "layer_bytes", "uploaded_bytes",
    "tiles_total", "tiles_sent",
)  # fmt: skip


def warn_of(result: CutResult, source: str, output: str) -> None:
    """Say on standard error what should be looked at."""
    if better := suggest_model(result.model):
        warn(better)
    for path in result.without_subject:
        warn(f"{source}: no subject was found in layer '{path}', so it was left out")
    several = len(result.layers) > 1
    for layer in result.layers:
        where = f"layer '{layer.path}': " if several else ""
        for reason in layer.outcome.judgement.reasons:
            warn(f"please check {output}: {where}{reason}")


def tell(result: CutResult, output: str, verbose: bool, stream: TextIO) -> None:
    """Print one line about a result, and where `verbose` the rest."""
    pixels = sum(layer.width * layer.height for layer in result.layers)
    layers = f"{len(result.layers)} layers  " if len(result.layers) > 1 else ""
    print(
        f"{output}  {layers}{_megapixels(pixels)}  {result.seconds:.1f} s  "
        f"{result.model}, {result.device}",
        file=stream,
    )
    if verbose:
        print("\n".join(f"  {line}" for line in _details(result)), file=stream)


def _details(result: CutResult) -> list[str]:
    return [
        f"{result.kind}, first mask after {result.first_mask_seconds:.2f} s",
        f"{result.tiles_sent} of {result.tiles_total} tiles sent, "
        f"{result.uploaded_bytes / 1e6:.1f} MB uploaded",
        f"memory: {result.client_peak_bytes / 1e6:.0f} MB here, "
        f"{result.server_peak_bytes / 1e6:.0f} MB in the server",
        *(f"{name}: {share:.1%}" for name, share in result.shares.items() if share),
        *(f"call {one.call} in the server's log" for one in result.layers if one.call),
        *(f"layer '{one.path}', {one.width} x {one.height} px" for one in result.layers),
    ]


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:.0f} MP" if pixels >= 9.5e6 else f"{pixels / 1e6:.1f} MP"


def as_json(result: CutResult, source: Path) -> str:
    """Return a result as one line of JSON."""
    return json.dumps({"input": str(source), **as_dict(result)})


def as_dict(result: CutResult) -> dict[str, Any]:
    """Return a result as plain values for JSON."""
    names = ("kind", "layer_path", "model", "device", "notice", "call", "seconds", *_FIGURES)
    peaks = ("client_peak_bytes", "server_peak_bytes")
    return {
        "output": str(result.output),
        **{name: getattr(result, name) for name in (*names, *peaks)},
        **_outcome_as_dict(result.outcome),
        "classes": dict(result.shares),
        "layers": [_layer_as_dict(layer) for layer in result.layers],
        "without_subject": list(result.without_subject),
    }


def _layer_as_dict(layer: LayerReport) -> dict[str, Any]:
    figures = {name: getattr(layer, name) for name in _FIGURES}
    return {"path": layer.path, "call": layer.call, **figures, **_outcome_as_dict(layer.outcome)}


def _outcome_as_dict(outcome: Outcome) -> dict[str, Any]:
    box = outcome.subject
    return {
        "subject": {
            "box": None if box is None else [box.x, box.y, box.width, box.height],
            "covered_share": outcome.covered_share,
        },
        "assessment": dataclasses.asdict(outcome.judgement),
        "method": outcome.method,
    }
