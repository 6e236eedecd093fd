"""The arguments of the procedures: what they are called, and how they become a request."""

from __future__ import annotations

from gi.repository import Gimp, GObject

from frisket.client.options import Edge
from frisket.hosts.request import (
    EXISTING,
    FEATHER_PX,
    QUALITIES,
    SELECTION_USES,
    SHIFT_PX,
    Choice,
    CutRequest,
    choose_results,
)

_FLAGS = GObject.ParamFlags.READWRITE
_RESULTS = choose_results("mask", "layer", "selection", "channel")
_PLAIN = CutRequest()


def declare(procedure: Gimp.Procedure) -> None:
    """Add the arguments that every procedure takes."""
    procedure.add_string_argument(
        "model", "_Model", "Name of a model; empty for the server's own choice", "", _FLAGS
    )
    _add_choice(
        procedure, "quality", "_Quality", "How much work the edge gets", QUALITIES, _PLAIN.quality
    )
    _add_choice(procedure, "make", "Ma_ke", "What to make", _RESULTS, _PLAIN.make)
    grow = "Pixels to grow (or, below zero, shrink) the subject"
    soften = "Pixels to soften the edge by"
    procedure.add_double_argument("edge-shift", "E_dge shift", grow, *SHIFT_PX, 0.0, _FLAGS)
    procedure.add_double_argument("feather", "_Feather", soften, *FEATHER_PX, 0.0, _FLAGS)
    procedure.add_boolean_argument(
        "decontaminate",
        "Clean edge colo_urs",
        "Remove the background's colour from the edge (new layer only)",
        False,
        _FLAGS,
    )
    _add_choice(
        procedure, "existing", "_Existing mask", "What to do with it", EXISTING, _PLAIN.existing
    )


def declare_selection_use(procedure: Gimp.Procedure) -> None:
    """Add the argument of the procedure that starts from a selection."""
    _add_choice(procedure, "selection-use", "Selection _is", "What it says", SELECTION_USES, "box")


def _add_choice(
    procedure: Gimp.Procedure,
    name: str,
    label: str,
    blurb: str,
    entries: tuple[Choice, ...],
    default: str,
) -> None:
    choice = Gimp.Choice.new()
    for number, entry in enumerate(entries):
        choice.add(entry.key, number, entry.label, entry.blurb)
    procedure.add_choice_argument(name, label, blurb, choice, default, _FLAGS)


def read_request(
    config: Gimp.ProcedureConfig, selection_use: str = "", existing: str = _PLAIN.existing
) -> CutRequest:
    """Return what a procedure's arguments ask for."""
    get = config.get_property
    return CutRequest(
        make=get("make"),
        existing=existing,
        selection_use=selection_use,
        model=get("model") or "",
        quality=get("quality"),
        edge=Edge(shift_px=get("edge-shift"), feather_px=get("feather")),
        decontaminate=get("decontaminate"),
    )
