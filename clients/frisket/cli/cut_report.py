"""What `frisket cut` says when it is done."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from frisket.cli.better_model import suggest_model

if TYPE_CHECKING:
    from frisket.client.events import Outcome
    from frisket.jobs.task import CutResult, LayerReport

# What JSON tells of a document and of each of its layers alike.
_FIGURES = (
    "width", "height", "first_mask_seconds", "proxy_seconds", "layer_bytes", "uploaded_bytes",
    "tiles_total", "tiles_sent",
)  # fmt: skip


def report(result: CutResult, as_json: bool) -> None:
    """Say what was done, in words or as one line of JSON."""
    for notice in filter(None, (result.notice, suggest_model(result.model))):
        print(f"frisket: {notice}", file=sys.stderr)
    several = len(result.layers) > 1
    for layer in result.layers:
        where = f"'{layer.path}': " if several else ""
        for reason in layer.outcome.judgement.reasons:
            print(f"frisket: worth a look: {where}{reason}", file=sys.stderr)
    print(json.dumps(as_dict(result)) if as_json else _words(result, several))


def _words(result: CutResult, several: bool) -> str:
    named = [f"'{one.path}', {one.width} x {one.height} px" for one in result.layers]
    share = result.uploaded_bytes / result.layer_bytes
    done = (
        f"{result.output}: {result.kind} of "
        f"{f'{len(named)} layers' if several else named[0]} in {result.seconds:.2f} s "
        f"(first mask {result.first_mask_seconds:.2f} s, {result.model} on {result.device}, "
        f"{result.tiles_sent} of {result.tiles_total} tiles, {share:.0%} of the layer sent)"
    )
    return "\n  ".join([done, *named]) if several else done


def as_dict(result: CutResult) -> dict[str, Any]:
    """Return a result as plain values for JSON."""
    names = ("kind", "layer_path", "model", "device", "notice", "seconds", *_FIGURES)
    peaks = ("client_peak_bytes", "server_peak_bytes")
    return {
        "output": str(result.output),
        **{name: getattr(result, name) for name in (*names, *peaks)},
        **_outcome_as_dict(result.outcome),
        "layers": [_layer_as_dict(layer) for layer in result.layers],
    }


def _layer_as_dict(layer: LayerReport) -> dict[str, Any]:
    figures = {name: getattr(layer, name) for name in _FIGURES}
    return {"path": layer.path, **figures, **_outcome_as_dict(layer.outcome)}


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
