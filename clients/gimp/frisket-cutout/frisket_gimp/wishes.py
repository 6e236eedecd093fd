"""The arguments of the procedures: what they are called, what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Gimp, GObject

from frisket.client.options import Edge, HintSet, Options
from frisket.protocol.limits import EDGE_LIMITS

QUALITIES = (
    ("draft", "Draft", "The coarse mask, enlarged"),
    ("standard", "Standard", "Sharp edges, fast"),
    ("high", "High", "Finer hair and fur, slower"),
    ("best", "Best", "A second network on the edge, where one is installed"),
)
MAKES = (
    ("mask", "Layer mask", "Hide the background with a mask on the layer"),
    ("layer", "New layer", "A copy of the layer with the mask; the original is hidden"),
    ("selection", "Selection", "Select the subject"),
    ("channel", "Alpha channel", "Save the alpha in the Channels dialog"),
)
EXISTING = (
    ("replace", "Replace", "Forget the mask that is there"),
    ("intersect", "Intersect", "Keep only what both masks show"),
    ("refine", "Refine", "Keep the mask and search its edge anew"),
)
SELECTION_USES = (
    ("box", "Box", "The subject lies within the selection's bounds"),
    ("prior", "Shape", "The selection is roughly the subject"),
)


@dataclass(frozen=True)
class Wishes:
    """What the user asks for.

    Attributes:
        make: one of MAKES.
        existing: what to do with a mask that is there, one of EXISTING.
        selection_use: the selection as a hint, one of SELECTION_USES; empty for none.
        options: for the server.
    """

    make: str
    existing: str
    selection_use: str
    options: Options


def declare(procedure: Gimp.Procedure) -> None:
    """Add the arguments that every procedure takes."""
    flags = GObject.ParamFlags.READWRITE
    procedure.add_string_argument(
        "model", "_Model", "Name of a model; empty for the server's own choice", "", flags
    )
    _choice(procedure, "quality", "_Quality", "How much work the edge gets", QUALITIES, 1)
    _choice(procedure, "make", "Ma_ke", "What to make", MAKES, 0)
    procedure.add_double_argument(
        "edge-shift",
        "E_dge shift",
        "Pixels to grow (or, below zero, shrink) the subject",
        *EDGE_LIMITS["shift_px"],
        0.0,
        flags,
    )
    procedure.add_double_argument(
        "feather",
        "_Feather",
        "Pixels to soften the edge by",
        *EDGE_LIMITS["feather_px"],
        0.0,
        flags,
    )
    procedure.add_boolean_argument(
        "decontaminate",
        "Clean edge colo_urs",
        "Remove the background's colour from the edge (new layer only)",
        False,
        flags,
    )
    _choice(procedure, "existing", "_Existing mask", "What to do with it", EXISTING, 0)


def declare_selection_use(procedure: Gimp.Procedure) -> None:
    """Add the argument of the procedure that starts from a selection."""
    _choice(procedure, "selection-use", "Selection _is", "What it says", SELECTION_USES, 0)


def _choice(
    procedure: Gimp.Procedure,
    name: str,
    label: str,
    blurb: str,
    entries: tuple[tuple[str, str, str], ...],
    default: int,
) -> None:
    choice = Gimp.Choice.new()
    for number, (nick, title, explanation) in enumerate(entries):
        choice.add(nick, number, title, explanation)
    procedure.add_choice_argument(
        name, label, blurb, choice, entries[default][0], GObject.ParamFlags.READWRITE
    )


def read(config: Gimp.ProcedureConfig, deep: bool, selection_use: str, existing: str) -> Wishes:
    """Return what a procedure's arguments ask for."""
    make = config.get_property("make")
    edge = Edge(
        shift_px=config.get_property("edge-shift"), feather_px=config.get_property("feather")
    )
    options = Options(
        model=config.get_property("model") or "",
        quality=config.get_property("quality"),
        depth=16 if deep else 8,
        foreground=make == "layer" and config.get_property("decontaminate"),
        hints=HintSet(),
        edge=edge,
    )
    return Wishes(make, existing, selection_use, options)
