"""The image while it is marked: strokes on top, the whole picture under a tint, a brush."""

from __future__ import annotations

import time

from gi.repository import Gegl, Gimp

from frisket.hosts.band import HAIR
from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.request import Refused
from frisket.hosts.strokes import KEEP, REMOVE, SAFE_KEEP, SAFE_REMOVE, STROKES, Colour
from frisket_gimp.marks import find_strokes, is_painted, read_number, remember_marked
from frisket_gimp.results import add_channel, one_step
from frisket_gimp.targets import check_open

TINT = "Frisket tint"
"""The name of the channel that shows what is not the subject; found by its name."""
# Dark and dull: strokes of any colour are still told apart under it.
_TINT_COLOUR, _TINT_OPACITY = (60, 60, 110), 60.0
# The tint of an open window says when it was looked at last; that of one that ended does not.
_OPEN, _STALE_S = "frisket-open", 10
_COLOURS = {
    False: {"keep": KEEP, "remove": REMOVE, "hair": HAIR},
    True: {"keep": SAFE_KEEP, "remove": SAFE_REMOVE, "hair": HAIR},
}
# An image without colours is marked in white and black; nothing is left for hair.
_GREYS = {"keep": (255, 255, 255), "remove": (0, 0, 0)}


class Marking:
    """Prepares an image for strokes, and takes everything away again.

    Args:
        image: the image.
        layer: the layer that is marked.
    """

    def __init__(self, image: Gimp.Image, layer: Gimp.Layer) -> None:
        self._image, self._layer = image, layer
        self._selected = image.get_selected_layers()
        self._shows_mask = layer.get_mask() is not None and layer.get_apply_mask()
        self._foreground = Gimp.context_get_foreground()
        self._given: Gegl.Color | None = None
        self._pulse = Pace(self._beat, least=1.0)
        self.strokes: Gimp.Layer | None = None
        self.tint: Gimp.Channel | None = None

    def check(self) -> None:
        """Check that strokes and tint are still there.

        Raises:
            Refused: one of them is not.
        """
        self._require(self.strokes)
        self.check_tint()
        self._pulse.ask()

    def check_tint(self) -> None:
        """Check that the tint is still there.

        Raises:
            Refused: it is not.
        """
        self._require(self.tint)

    def begin(self) -> None:
        """Put strokes and tint in place, in one step, and make the strokes the active layer.

        Raises:
            Refused: the image takes no strokes, or another window works on it.
        """
        image = self._image
        _require_rest(image)
        with one_step(image):
            self.strokes = find_strokes(image) or self._add_strokes()
            self.strokes.set_visible(True)
            remember_marked(self.strokes, self._layer)
            self.tint = self._add_tint()
            if self._shows_mask:
                self._layer.set_apply_mask(False)
            image.set_selected_layers([self.strokes])
        self._pulse.ask()
        Gimp.displays_flush()

    def end(self, keep_strokes: bool = False) -> None:
        """Take the tint away, and the strokes too; the caller makes one step of it.

        Args:
            keep_strokes: leave what the artist has painted.
        """
        image, strokes = self._image, self.strokes
        there = strokes is not None and strokes.is_valid()
        if there and not (keep_strokes and is_painted(strokes)):
            image.remove_layer(strokes)
        if self.tint is not None and self.tint.is_valid():
            image.remove_channel(self.tint)
        if self._shows_mask and self._layer.is_valid() and self._layer.get_mask() is not None:
            self._layer.set_apply_mask(True)
        chosen = [each for each in self._selected if each.is_valid() and each != self.strokes]
        if chosen:
            image.set_selected_layers(chosen)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of strokes that the image takes."""
        return tuple(self._list_colours(False))

    def choose(self, kind: str, safe: bool) -> None:
        """Set the brush's colour to the one of a kind of strokes."""
        self._given = make_colour(self._list_colours(safe)[kind])
        Gimp.context_set_foreground(self._given)

    def _list_colours(self, safe: bool) -> dict[str, Colour]:
        coloured = self._image.get_base_type() == Gimp.ImageBaseType.RGB
        return _COLOURS[safe] if coloured else _GREYS

    def give_back(self) -> None:
        """Give the artist's own colour back, unless another one was chosen meanwhile."""
        if self._given is not None and _is_same(Gimp.context_get_foreground(), self._given):
            Gimp.context_set_foreground(self._foreground)

    def _beat(self) -> None:
        # It is no step of the undo, and no part of a saved image.
        self.tint.attach_parasite(Gimp.Parasite.new(_OPEN, 0, str(int(time.time())).encode()))

    def _require(self, ours: Gimp.Item) -> None:
        if not ours.is_valid():
            check_open(self._image)
            text = _("The strokes or the tint were removed, so the cutout was given up.")
            raise Refused(text)

    def _add_strokes(self) -> Gimp.Layer:
        image = self._image
        kinds = {
            Gimp.ImageBaseType.RGB: Gimp.ImageType.RGBA_IMAGE,
            Gimp.ImageBaseType.GRAY: Gimp.ImageType.GRAYA_IMAGE,
        }
        kind = kinds.get(image.get_base_type())
        if kind is None:
            raise Refused(
                _("An indexed image takes no strokes. Change it to RGB with Image > Mode first.")
            )
        size = image.get_width(), image.get_height()
        layer = Gimp.Layer.new(image, STROKES, *size, kind, 100.0, Gimp.LayerMode.NORMAL)
        image.insert_layer(layer, None, 0)
        return layer

    def _add_tint(self) -> Gimp.Channel:
        old = _find_tint(self._image)
        if old is not None:
            self._image.remove_channel(old)
        tint = add_channel(self._image, TINT)
        tint.set_color(make_colour(_TINT_COLOUR))
        tint.set_opacity(_TINT_OPACITY)
        # The colour lies on what is not in the channel.
        tint.set_show_masked(True)
        tint.set_visible(True)
        return tint


def _find_tint(image: Gimp.Image) -> Gimp.Channel | None:
    return next((one for one in image.get_channels() if one.get_name() == TINT), None)


def _require_rest(image: Gimp.Image) -> None:
    """Check that no other window puts a layer of an image right.

    Raises:
        Refused: one does.
    """
    tint = _find_tint(image)
    seen = read_number(tint, _OPEN) if tint is not None else None
    if seen is not None and 0 <= time.time() - seen < _STALE_S:
        raise Refused(
            _("Another window has a cutout of this image open. Finish or cancel it there.")
        )


def _is_same(one: Gegl.Color, other: Gegl.Color) -> bool:
    pairs = zip(one.get_rgba(), other.get_rgba())  # noqa: B905
    return all(abs(a - b) < 1 / 255 for a, b in pairs)


def make_colour(colour: Colour) -> Gegl.Color:
    """Return GIMP's form of a colour of sRGB."""
    return Gegl.Color.new("#{:02x}{:02x}{:02x}".format(*colour))
