"""Which layers are meant, and what stands in the way. Sentences for the user."""

from __future__ import annotations

from gi.repository import Gimp


class Refused(Exception):
    """The request cannot be done; the text says why and what to do."""


def layers_of(drawables: list[Gimp.Drawable]) -> list[Gimp.Layer]:
    """Return the layers among what is selected; a selected mask stands for its layer.

    Raises:
        Refused: nothing, or something that has no place for a mask.
    """
    if not drawables:
        raise Refused("No layer is selected. Select one or several layers and try again.")
    layers = [_layer_of(drawable) for drawable in drawables]
    for layer in layers:
        _check(layer)
    return layers


def _layer_of(drawable: Gimp.Drawable) -> Gimp.Layer:
    if isinstance(drawable, Gimp.LayerMask):
        return Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise Refused("A channel is selected. Select a layer and try again.")
    return drawable


def _check(layer: Gimp.Layer) -> None:
    name = layer.get_name()
    if layer.is_floating_sel():
        raise Refused("A floating selection is active. Anchor it or make it a layer first.")
    if locked(layer):
        raise Refused(f"The layer '{name}' is locked. Unlock it in the Layers dialog first.")
    if layer.get_width() < 1 or layer.get_height() < 1:
        raise Refused(f"The layer '{name}' is empty. Select a layer with pixels in it.")


def locked(item: Gimp.Item) -> bool:
    """Tell whether an item or a group around it is locked against changes."""
    while item is not None:
        if item.get_lock_content():
            return True
        item = item.get_parent()
    return False
