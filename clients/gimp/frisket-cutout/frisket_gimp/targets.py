"""Which layers are meant, and what stands in the way. Sentences for the user."""

from __future__ import annotations

from gi.repository import Gimp

from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.request import Refused, check_layer, is_locked
from frisket.hosts.strokes import STROKES
from frisket_gimp.marks import find_marked_layer


def find_layers(drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """Return the layers among what is selected; a selected mask stands for its layer.

    Raises:
        Refused: nothing, or something that has no place for a mask.
    """
    if not drawables:
        raise Refused(_("No layer is selected. Select one or several layers and try again."))
    layers = _drop_strokes([_find_layer(drawable) for drawable in drawables])
    for layer in layers:
        _check(layer)
    return layers


def _drop_strokes(layers: list[Gimp.Layer]) -> list[Gimp.Layer]:
    """Return the layers without the strokes; alone, these stand for the layer they mark."""
    others = [layer for layer in layers if layer.get_name() != STROKES]
    if others:
        return others
    marked = find_marked_layer(layers[0])
    # A file may say that strokes mark themselves.
    if marked is None or marked.get_name() == STROKES:
        raise Refused(_("Only the strokes are selected. Select the layer to be cut out as well."))
    return [marked]


def _find_layer(drawable: Gimp.Drawable) -> Gimp.Layer:
    if isinstance(drawable, Gimp.LayerMask):
        return Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise Refused(_("A channel is selected. Select a layer and try again."))
    return drawable


def _check(layer: Gimp.Layer) -> None:
    if layer.is_floating_sel():
        raise Refused(_("A floating selection is active. Anchor it or make it a layer first."))
    empty = layer.get_width() < 1 or layer.get_height() < 1
    check_layer(layer.get_name(), _is_locked(layer), empty, _("Layers dialog"))


def _is_locked(layer: Gimp.Layer) -> bool:
    return is_locked(layer, lambda item: item.get_lock_content(), lambda item: item.get_parent())


class Watch:
    """Looks after a layer while it is cut out: GIMP's user goes on working meanwhile.

    GIMP ends a plug-in that touches a layer which is gone or locked, or what lies beyond it.
    """

    def __init__(self, layer: Gimp.Layer) -> None:
        self._layer, self._image = layer, layer.get_image()
        self._name = layer.get_name()
        self._place = _find_place(layer)
        # It is three questions, asked before each tile, and GIMP may be busy with drawing.
        self._look = Pace(self._check_place, least=0.05)

    def check_presence(self) -> None:
        """Check that the layer may still be read.

        Raises:
            Refused: it was deleted, merged, moved or resized, or its image was closed.
        """
        if not self._layer.is_valid():
            check_open(self._image)
            text = _("The layer '{name}' is gone, so its cutout was given up.")
            raise Refused(text.format(name=self._name))
        self._look.ask()

    def _check_place(self) -> None:
        if _find_place(self._layer) != self._place:
            text = _(
                "The layer '{name}' was moved or resized, so its cutout was given up. "
                "Start it again."
            )
            raise Refused(text.format(name=self._name))

    def check(self) -> None:
        """Check that the layer may still be touched.

        Raises:
            Refused: it was locked, or see `check_presence`.
        """
        self.check_presence()
        if _is_locked(self._layer):
            text = _(
                "The layer '{name}' was locked, so its cutout was given up. "
                "Unlock it in the Layers dialog and try again."
            )
            raise Refused(text.format(name=self._name))


def check_open(image: Gimp.Image) -> None:
    """Check that an image is still open.

    Raises:
        Refused: it was closed.
    """
    if not image.is_valid():
        raise Refused(_("The document was closed, so the cutout was given up."))


def _find_place(layer: Gimp.Layer) -> tuple[int, int, int, int]:
    """Return where a layer lies on the canvas, and its size."""
    left, top = layer.get_offsets()[1:]
    return left, top, layer.get_width(), layer.get_height()
