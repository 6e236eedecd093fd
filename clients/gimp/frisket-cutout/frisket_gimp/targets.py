"""Which layers are meant, and what stands in the way. Sentences for the user."""

from __future__ import annotations

from gi.repository import Gimp

from frisket.hosts.request import Refused, check_layer, is_locked


def find_layers(drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """Return the layers among what is selected; a selected mask stands for its layer.

    Raises:
        Refused: nothing, or something that has no place for a mask.
    """
    if not drawables:
        raise Refused("No layer is selected. Select one or several layers and try again.")
    layers = [_find_layer(drawable) for drawable in drawables]
    for layer in layers:
        _check(layer)
    return layers


def _find_layer(drawable: Gimp.Drawable) -> Gimp.Layer:
    if isinstance(drawable, Gimp.LayerMask):
        return Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise Refused("A channel is selected. Select a layer and try again.")
    return drawable


def _check(layer: Gimp.Layer) -> None:
    if layer.is_floating_sel():
        raise Refused("A floating selection is active. Anchor it or make it a layer first.")
    locked = is_locked(layer, lambda item: item.get_lock_content(), lambda item: item.get_parent())
    empty = layer.get_width() < 1 or layer.get_height() < 1
    check_layer(layer.get_name(), locked, empty, "Layers dialog")
