"""Spot colours and processing steps of a PDF: what tells a press and a cutter what lines mean.

A processing step is an optional content group with an entry GTS_Metadata that names its group and
its type (ISO 19593-1). Spot colours are Separations that overprint, so that nothing below them is
knocked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikepdf import Dictionary, Object, Pdf


@dataclass(frozen=True)
class Step:
    """A processing step, and the spot colour that it is drawn in.

    Attributes:
        key: its name in a page's resources.
        title: its name for people.
        group, kind: of ISO 19593-1; a group without types has an empty kind.
        spot: name of the colour.
        inks: what stands for the colour on screens: cyan, magenta, yellow, black.
        prints: whether it goes to the press; otherwise it is for the eye, once it is shown.
    """

    key: str
    title: str
    group: str
    kind: str
    spot: str
    inks: tuple[float, float, float, float]
    prints: bool = True


def make_cutting(spot: str) -> Step:
    """Return the step of the cut line."""
    return Step("Cutting", "Cutting", "Structural", "Cutting", spot, (0, 1, 0, 0))


WHITE = Step("WhiteInk", "White ink", "White", "", "White", (0.25, 0, 0, 0))
VARNISH = Step("Varnish", "Varnish", "Varnish", "", "Varnish", (0, 0, 0.25, 0))
SAFE = Step(
    "SafeArea", "Safe area", "Positions", "ContentArea", "SafeArea", (1, 0, 0, 0), prints=False
)
MARKS = Step("Marks", "Registration marks", "Positions", "Registration", "All", (1, 1, 1, 1))


def make_spot(step: Step) -> Object:
    """Return the colour space of a step."""
    import pikepdf

    ramp = pikepdf.Dictionary(
        FunctionType=2, Domain=[0, 1], C0=[0, 0, 0, 0], C1=list(step.inks), N=1
    )
    name = pikepdf.Name("/" + step.spot)
    return pikepdf.Array([pikepdf.Name.Separation, name, pikepdf.Name.DeviceCMYK, ramp])


def make_states() -> Object:
    """Return the graphics states in which nothing is knocked out, of lines and of areas.

    Areas multiply too, so that viewers without a preview of overprints show what lies below.
    """
    import pikepdf

    line = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, OP=True, op=True, OPM=1)
    area = pikepdf.Dictionary(line)
    area.BM = pikepdf.Name.Multiply
    return pikepdf.Dictionary(Line=line, Area=area)


def add_steps(pdf: Pdf, steps: Sequence[Step]) -> Object:
    """Add processing steps to a document, and return them by key, for a page's resources."""
    import pikepdf

    groups = {step.key: pdf.make_indirect(_make_group(step)) for step in steps}
    hidden = [groups[step.key] for step in steps if not step.prints]
    order = list(groups.values())
    # Whoever does not ask how a group is used must not print it, so it is off.
    how = pikepdf.Dictionary(Name="Processing steps", Order=order, OFF=hidden)
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=order, D=how)
    return pikepdf.Dictionary({f"/{key}": group for key, group in groups.items()})


def _make_group(step: Step) -> Dictionary:
    import pikepdf

    told = pikepdf.Dictionary(GTS_ProcStepsGroup=pikepdf.Name("/" + step.group))
    if step.kind:
        told.GTS_ProcStepsType = pikepdf.Name("/" + step.kind)
    group = pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=step.title, GTS_Metadata=told)
    if not step.prints:
        never = pikepdf.Dictionary(PrintState=pikepdf.Name.OFF)
        group.Usage = pikepdf.Dictionary(Print=never)
    return group


def mark(step: Step, operators: bytes, area: bool = False) -> bytes:
    """Return drawing operators as part of a step, overprinting."""
    state = b"Area" if area else b"Line"
    return b"/OC /%s BDC q /%s gs\n%s\nQ EMC\n" % (step.key.encode(), state, operators)
