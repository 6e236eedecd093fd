"""What steps work on, and what a step is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from frisket.documents.psd.layered import SpotInk

from .credit import Credit
from .entry import Workplace
from .geometry import Box, Placement
from .space import Space
from .vips import Image, blend, blend_open, make_plane


@dataclass(frozen=True)
class Sheet:
    """One layer of a finished picture, of the canvas's size.

    Attributes:
        name: for people; layered files show it.
        colours: straight colours in the scene's space.
        coverage: opacity, one band in the scene's format; None where it is opaque.
        is_shadow: whether it is a shadow or a reflection of the subject.
    """

    name: str
    colours: Image
    coverage: Image | None = None
    is_shadow: bool = False


@dataclass(frozen=True)
class Scene:
    """A subject on its canvas, and what lies below it.

    Attributes:
        space: what all colours here mean.
        subject: straight colours.
        alpha: opacity, one band in the same format.
        original: the picture as it is in the document, in its own size and place.
        placement: how `original` lies on the canvas.
        box: of the subject on the canvas.
        touched: sides of the picture at which it cuts the subject off.
        work: where files lie while the scene is computed.
        under: sheets below the subject, the lowest first.
        notes: sentences for the user.
        dpi: dots an inch that a canvas asks for; 0 for none.
        credit: what its background was generated with; None where it was not.
        spot: the ink that all but the subject is printed in, below the sheets; or None.
    """

    space: Space
    subject: Image
    alpha: Image
    original: Image
    placement: Placement
    box: Box
    touched: frozenset[str]
    work: Workplace
    under: tuple[Sheet, ...] = ()
    notes: tuple[str, ...] = ()
    dpi: float = 0.0
    credit: Credit | None = None
    spot: SpotInk | None = None

    @property
    def width(self) -> int:
        """Columns of the canvas."""
        return self.placement.width

    @property
    def height(self) -> int:
        """Rows of the canvas."""
        return self.placement.height

    def lay(self, sheet: Sheet, at: int | None = None) -> Scene:
        """Return the scene with one more sheet, on top of those below the subject or at a place."""
        place = len(self.under) if at is None else at
        return replace(self, under=(*self.under[:place], sheet, *self.under[place:]))

    def note(self, sentence: str) -> Scene:
        """Return the scene with one more sentence for the user."""
        return replace(self, notes=(*self.notes, sentence))

    def list_sheets(self) -> tuple[Sheet, ...]:
        """Return all sheets, the lowest first; the subject is the last."""
        return (*self.under, Sheet("Subject", self.subject, self.alpha))

    def take_shadows(self) -> Scene:
        """Return the scene with its shadows alone, over nothing and without the subject."""
        shadows = tuple(sheet for sheet in self.under if sheet.is_shadow)
        nothing = make_plane(self.width, self.height, (0,), self.space.depth)
        return replace(self, under=shadows, alpha=nothing)

    def flatten(self) -> Sheet:
        """Return all sheets as one."""
        return _join(self.list_sheets())

    def flatten_below(self) -> Sheet | None:
        """Return what lies below the subject as one sheet; None where nothing does."""
        return _join(self.under) if self.under else None


def _join(sheets: tuple[Sheet, ...]) -> Sheet:
    first, *others = sheets
    for sheet in others:
        first = lay_over(sheet, first)
    return first


def lay_over(top: Sheet, bottom: Sheet) -> Sheet:
    """Return one sheet over another."""
    if top.coverage is None:
        return top
    if bottom.coverage is None:
        return Sheet(bottom.name, blend(top.colours, top.coverage, bottom.colours))
    mixed = blend_open(top.colours, top.coverage, bottom.colours, bottom.coverage)
    return Sheet(bottom.name, *mixed)


@dataclass(frozen=True)
class Facts:
    """What is known before any pixel is read.

    Attributes:
        path: of the document.
        width, height: of the layer.
        space: what its colours will mean.
        outputs: the files that will be written.
        opaque: whether something lies below the subject everywhere.
    """

    path: Path
    width: int
    height: int
    space: Space
    outputs: tuple[Path, ...] = field(default=())
    opaque: bool = False


@runtime_checkable
class Step(Protocol):
    """One step of a finish: a frozen value that turns a scene into the next."""

    def check(self, facts: Facts) -> None:
        """Refuse before any work what cannot be done.

        Raises:
            FrisketError: why, in one sentence.
        """

    def apply(self, scene: Scene) -> Scene:
        """Return what becomes of a scene; pixels are computed later, by region.

        Raises:
            FrisketError: the subject does not allow it.
        """
