"""What a user wants of a cutout: the choices, their words, and what follows for the server.

A host turns its widgets or arguments into a `CutRequest` and carries it out. Standard
library and protobuf only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from frisket.client.errors import ClientError
from frisket.client.options import Edge, HintSet, LayerSpec, Options
from frisket.hosts.band import open_trimap
from frisket.hosts.inside import find_inside
from frisket.hosts.language import _
from frisket.hosts.planes import draw_trimap, find_bounds
from frisket.protocol.choices import QUALITIES as QUALITY_NAMES
from frisket.protocol.limits import EDGE_LIMITS

Item = TypeVar("Item")


class Refused(ClientError):
    """The request cannot be carried out; the text says why and what to do."""


class Choice(NamedTuple):
    """An entry of a menu.

    Attributes:
        key: the value by which programs know it.
        label: its name.
        blurb: what it means; begins with a capital and ends without a full stop.
        brief: the same in three words, where there is no room for the blurb.
        button: its label on a button, with a letter for the keyboard.
    """

    key: str
    label: str
    blurb: str
    brief: str = ""
    button: str = ""

    @property
    def line(self) -> str:
        """The label with the short explanation, if there is one."""
        return f"{self.label}: {self.brief}" if self.brief else self.label

    @property
    def sentence(self) -> str:
        """The label with the long explanation."""
        return f"{self.label}: {self.blurb[0].lower()}{self.blurb[1:]}."


_QUALITY_WORDS = {
    "draft": (_("Fast"), _("The coarse mask, enlarged"), _("the coarse mask")),
    "standard": (_("Normal"), _("Sharp edges, quick"), _("sharp and quick")),
    "high": (_("Hair and fur"), _("Finer edges, slower"), _("finer, slower")),
    "best": (
        _("Finest"),
        _("A second network on the edge, where one is installed"),
        _("a second network"),
    ),
}
QUALITIES = tuple(Choice(name, *_QUALITY_WORDS[name]) for name in QUALITY_NAMES)
"""How much work the edge gets."""
RESULTS = (
    Choice("mask", _("Layer mask"), _("Hide the background with a mask on the layer")),
    Choice("layer", _("New layer"), _("A copy of the layer with the mask; the original is hidden")),
    Choice("selection-mask", _("Selection mask"), _("Keep the selection as a mask on the layer")),
    Choice("selection", _("Selection"), _("Select the subject")),
    Choice("channel", _("Alpha channel"), _("Save the alpha in the Channels dialog")),
)
"""What can be made; no host offers all of it."""
EXISTING = (
    Choice("replace", _("Replace"), _("Forget the mask that is there"), button=_("_Replace")),
    Choice(
        "intersect", _("Intersect"), _("Keep only what both masks show"), button=_("_Intersect")
    ),
    Choice("refine", _("Refine"), _("Keep the mask and search its edge anew"), button=_("Re_fine")),
)
"""What becomes of a mask that the layer has already."""
SELECTION_USES = (
    Choice("box", _("Box"), _("The subject lies within the selection's bounds")),
    Choice("prior", _("Shape"), _("The selection is the subject; only its edge is searched anew")),
    Choice("guess", _("First guess"), _("What is selected is part of the subject; it may grow")),
)
"""What the image's selection says of the subject."""
SERVER_CHOICE = _("The server's own choice")
"""The label of the empty model name."""
SHIFT_PX, FEATHER_PX = EDGE_LIMITS["shift_px"], EDGE_LIMITS["feather_px"]
PIXEL_CONTROLS = ("shift_px", "feather_px")
"""The controls of `Edge` that are pixels; `EDGE_LIMITS` has their limits."""
CONTROLS = ("contrast", "smooth", "fill_holes", "drop_specks")
"""The others, which have no unit."""
EDGE_WORDS = {
    "shift_px": (
        _("Shift ed_ge"),
        _("Pixels by which the subject grows (or, below zero, shrinks)"),
    ),
    "feather_px": (_("_Feather"), _("Pixels by which the edge is softened")),
    "contrast": (_("Co_ntrast"), _("Above 0 the edge is harder, below 0 it is softer")),
    "smooth": (_("Smoo_th"), _("How far the outline is freed of small dents, 0 to 1")),
    "fill_holes": (_("F_ill holes"), _("How large holes in the subject are closed, 0 to 1")),
    "drop_specks": (_("_Drop specks"), _("How large specks beside the subject go, 0 to 1")),
}
"""Label and explanation of each control of `Edge`."""
REFINE_PX = (0.0, 500.0)
"""How far from a mask's edge it may be searched anew; 0 leaves it to the size of the layer."""
# The band that is searched, in pixels of the proxy, where nobody has said how wide.
_REFINE_BLOCK = 8


def choose_results(*keys: str) -> tuple[Choice, ...]:
    """Return the entries of `RESULTS` that a host offers, in its own order."""
    known = {each.key: each for each in RESULTS}
    return tuple(known[key] for key in keys)


@dataclass(frozen=True)
class CutRequest:
    """What a user wants of one cutout.

    Attributes:
        make: a key of `RESULTS`.
        existing: a key of `EXISTING`.
        selection_use: a key of `SELECTION_USES`; empty where the selection is no hint.
        model: name of a model; empty for the server's own choice.
        quality: a key of `QUALITIES`.
        edge: shift within `SHIFT_PX`, feather within `FEATHER_PX`.
        use_path: the anchors of the selected path are points on the subject.
        refine_px: how far from the edge of the mask it is searched anew, within `REFINE_PX`.
        decontaminate: take the background's colour out of the edge, where the result has
            colours of its own.

    Raises:
        Refused: a value is none of these.
    """

    make: str = "mask"
    existing: str = "replace"
    selection_use: str = ""
    model: str = ""
    quality: str = Options.quality
    edge: Edge = field(default_factory=Edge)
    use_path: bool = False
    refine_px: float = 0.0
    decontaminate: bool = False

    def __post_init__(self) -> None:
        _check_choice(_("result"), self.make, RESULTS)
        _check_choice(_("existing mask"), self.existing, EXISTING)
        _check_choice(_("quality"), self.quality, QUALITIES)
        if self.selection_use:
            _check_choice(_("use of the selection"), self.selection_use, SELECTION_USES)
        _check_pixels(_("edge shift"), self.edge.shift_px, SHIFT_PX)
        _check_pixels(_("feather"), self.edge.feather_px, FEATHER_PX)
        _check_pixels(_("width of the edge"), self.refine_px, REFINE_PX)
        for name in CONTROLS:
            _check_share(name.replace("_", " "), getattr(self.edge, name), EDGE_LIMITS[name])

    @property
    def cleans_colours(self) -> bool:
        """Whether the edge's colours are cleaned: only a new layer has its own."""
        return self.make == "layer" and self.decontaminate

    def options(self, deep: bool = False, hints: HintSet | None = None) -> Options:
        """Return what to ask of the server.

        Args:
            deep: the host keeps masks in 16 bits; a selection has 8 all the same.
            hints: see `read_hints`.
        """
        return Options(
            model=self.model,
            quality=self.quality,
            depth=16 if deep and self.make != "selection" else 8,
            foreground=self.cleans_colours,
            hints=hints or HintSet(),
            edge=self.edge,
        )

    def read_hints(
        self,
        spec: LayerSpec,
        name: str,
        mask: Callable[[], bytes | None],
        selection: Callable[[], bytes | None] = lambda: None,
        strokes: HintSet | None = None,
    ) -> HintSet:
        """Return what is known of the subject before the server is asked.

        Args:
            spec: the layer's sizes.
            name: the layer's name, for messages.
            mask: returns the layer's mask at the proxy's size, 8-bit rows; None without one.
            selection: the same of the image's selection.
            strokes: what the user has marked.

        Raises:
            Refused: the request needs a mask or a selection, and there is none.
        """
        strokes = strokes or HintSet()
        if self.existing == "refine":
            trimap = _draw_mask_trimap(spec, name, mask(), self.refine_px)
            return open_trimap(replace(strokes, trimap=trimap), spec)
        if self.selection_use:
            return _use_selection(self.selection_use, spec, selection(), strokes)
        return strokes

    def shrink(self, scale: float) -> CutRequest:
        """Return the request for a small picture of the layer, without cleaned colours."""
        edge = replace(
            self.edge,
            shift_px=self.edge.shift_px * scale,
            feather_px=self.edge.feather_px * scale,
        )
        return replace(self, edge=edge, decontaminate=False)


def phrase_existing(name: str) -> str:
    """Return what to ask before a layer that has a mask is cut out."""
    return _("The layer '{name}' has a mask already.").format(name=name)


def check_layer(name: str, locked: bool, empty: bool, panel: str) -> None:
    """Check that a layer can take a result.

    Args:
        name: the layer's name.
        locked: see `is_locked`.
        empty: it has no pixels.
        panel: what the host calls its list of layers.

    Raises:
        Refused: it cannot.
    """
    if locked:
        text = _("The layer '{name}' is locked. Unlock it in the {panel} first.")
        raise Refused(text.format(name=name, panel=panel))
    if empty:
        text = _("The layer '{name}' is empty. Select a layer with pixels in it.")
        raise Refused(text.format(name=name))


def is_locked(
    item: Item, locked: Callable[[Item], bool], parent: Callable[[Item], Item | None]
) -> bool:
    """Tell whether a layer, or a group around it, is locked."""
    each: Item | None = item
    while each is not None:
        if locked(each):
            return True
        each = parent(each)
    return False


def _check_choice(what: str, value: str, choices: tuple[Choice, ...]) -> None:
    keys = [each.key for each in choices]
    if value not in keys:
        text = _("The {what} is '{value}'. Choose one of {keys}.")
        raise Refused(text.format(what=what, value=value, keys=", ".join(keys)))


def _check_pixels(what: str, value: float, limits: tuple[float, float]) -> None:
    # Written so that what is not a number fails too.
    if not limits[0] <= value <= limits[1]:
        text = _("The {what} is {value:g} pixels. Choose {low:g} to {high:g} pixels.")
        raise Refused(text.format(what=what, value=value, low=limits[0], high=limits[1]))


def _check_share(what: str, value: float, limits: tuple[float, float]) -> None:
    if not limits[0] <= value <= limits[1]:
        text = _("The value of {what} is {value:g}. Choose {low:g} to {high:g}.")
        raise Refused(text.format(what=what, value=value, low=limits[0], high=limits[1]))


def _draw_mask_trimap(spec: LayerSpec, name: str, mask: bytes | None, width_px: float) -> bytes:
    if mask is None:
        text = _("The layer '{name}' has no mask. Use 'Cut out subject' first.")
        raise Refused(text.format(name=name))
    block = round(width_px * spec.proxy_width / spec.width) or 1 if width_px else _REFINE_BLOCK
    return draw_trimap(mask, spec.proxy_width, spec.proxy_height, block)


def _use_selection(use: str, spec: LayerSpec, selection: bytes | None, strokes: HintSet) -> HintSet:
    if selection is None:
        raise Refused(_("Nothing is selected. Select the subject roughly and try again."))
    if use == "prior":
        return replace(strokes, prior=selection)
    found = find_bounds(selection, spec.proxy_width, spec.proxy_height)
    if found is None:
        raise Refused(_("The selection does not touch the layer. Select a part of it."))
    if use == "box":
        return replace(strokes, boxes=(_enlarge(found, spec),))
    size = spec.proxy_width, spec.proxy_height
    inner = find_inside(selection, *size, (spec.width, spec.height))
    return replace(strokes, strokes=(*strokes.strokes, *inner))


def _enlarge(rect: tuple[int, int, int, int], spec: LayerSpec) -> tuple[int, int, int, int]:
    """Return a rectangle of the proxy in pixels of the layer, never smaller."""
    x, y, width, height = rect
    left = x * spec.width // spec.proxy_width
    top = y * spec.height // spec.proxy_height
    right = min(spec.width, -(-(x + width) * spec.width // spec.proxy_width))
    bottom = min(spec.height, -(-(y + height) * spec.height // spec.proxy_height))
    return left, top, right - left, bottom - top
