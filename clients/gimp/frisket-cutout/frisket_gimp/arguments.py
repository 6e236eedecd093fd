"""The arguments of the procedures: what they are called, and how they become a request."""

from __future__ import annotations

from gi.repository import Gimp, GObject

from frisket.client.options import Edge
from frisket.hosts.language import _
from frisket.hosts.request import (
    EDGE_WORDS,
    EXISTING,
    QUALITIES,
    REFINE_PX,
    SELECTION_USES,
    Choice,
    CutRequest,
    choose_results,
)
from frisket.protocol.limits import EDGE_LIMITS

_ARGUMENTS = {"shift_px": "edge-shift", "feather_px": "feather"}
# An argument for each control of the edge.
_CONTROLS = {_ARGUMENTS.get(name, name.replace("_", "-")): name for name in EDGE_WORDS}
EDGE_NAMES = tuple(_CONTROLS)
"""The arguments that change the edge, in the order of the dialogs."""
_FLAGS = GObject.ParamFlags.READWRITE
_RESULTS = choose_results("mask", "layer", "selection", "channel")
_PLAIN = CutRequest()


def declare(procedure: Gimp.Procedure, make: str = _PLAIN.make) -> None:
    """Add the arguments that every procedure takes."""
    blurb = _(
        "Name of a model, as 'frisket models list' shows it; empty for the server's own choice"
    )
    procedure.add_string_argument("model", _("_Model"), blurb, "", _FLAGS)
    blurb = _("Work for the edge: draft is fast, high is for hair and fur")
    _add_choice(procedure, "quality", _("_Quality"), blurb, QUALITIES, _PLAIN.quality)
    blurb = _("What becomes of the subject: a layer mask, a new layer, a selection, a channel")
    _add_choice(procedure, "make", _("Ma_ke"), blurb, _RESULTS, make)
    for name, control in _CONTROLS.items():
        words, limits = EDGE_WORDS[control], EDGE_LIMITS[control]
        procedure.add_double_argument(name, *words, *limits, 0.0, _FLAGS)
    blurb = _("Take the background's colour out of the edge; only a new layer has colours to clean")
    procedure.add_boolean_argument("decontaminate", _("Clean edge colo_urs"), blurb, False, _FLAGS)
    blurb = _("What becomes of a mask that the layer has already")
    _add_choice(procedure, "existing", _("E_xisting mask"), blurb, EXISTING, _PLAIN.existing)
    blurb = _("The anchors of the selected path are points on the subject")
    procedure.add_boolean_argument("use-path", _("_Path marks the subject"), blurb, False, _FLAGS)


def declare_selection_use(procedure: Gimp.Procedure) -> None:
    """Add the argument of the procedure that starts from a selection."""
    blurb = _("What the selection says of the subject: a box around it, its shape, or a part of it")
    _add_choice(procedure, "selection-use", _("S_election is"), blurb, SELECTION_USES, "box")


def declare_refinement(procedure: Gimp.Procedure) -> None:
    """Add the argument of the procedure that searches a mask's edge anew."""
    blurb = _("Pixels on each side of the mask's edge that are searched; 0 for a narrow band")
    procedure.add_double_argument("width", _("_Width"), blurb, *REFINE_PX, 0.0, _FLAGS)


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
    config: Gimp.ProcedureConfig, existing: str = _PLAIN.existing, selection: bool = False
) -> CutRequest:
    """Return what a procedure's arguments ask for.

    Args:
        config: the arguments.
        existing: what becomes of a mask that is there.
        selection: the selection is a hint, and the arguments say which.
    """
    get = config.get_property
    return CutRequest(
        make=get("make"),
        existing=existing,
        selection_use=get("selection-use") if selection else "",
        model=get("model") or "",
        quality=get("quality"),
        edge=_read_edge(config),
        use_path=get("use-path"),
        refine_px=get("width") if existing == "refine" and _has(config, "width") else 0.0,
        decontaminate=get("decontaminate"),
    )


def _read_edge(config: Gimp.ProcedureConfig) -> Edge:
    return Edge(**{control: config.get_property(name) for name, control in _CONTROLS.items()})


def _has(config: Gimp.ProcedureConfig, name: str) -> bool:
    return config.find_property(name) is not None
