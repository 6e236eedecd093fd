"""What a cutout becomes in GIMP: a mask, a new layer or a channel, made and taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gi.repository import Gegl, Gimp

from frisket.hosts.language import _
from frisket.hosts.request import CutRequest
from frisket.protocol.grid import TileRect
from frisket_gimp.layers import Stencil, copy_pixels, is_deep
from frisket_gimp.paint import Canvas, CutoutCanvas


@contextmanager
def one_step(image: Gimp.Image) -> Iterator[None]:
    """Make what happens inside a single undo step; only for what is over at once."""
    image.undo_group_start()
    try:
        yield
    finally:
        if image.is_valid():
            image.undo_group_end()


@contextmanager
def keep_selected(image: Gimp.Image) -> Iterator[None]:
    """Give the artist's layers the focus back: GIMP turns to whatever is new."""
    chosen = image.get_selected_layers()
    try:
        yield
    finally:
        chosen = [layer for layer in chosen if layer.is_valid()]
        if chosen and image.is_valid():
            image.set_selected_layers(chosen)


def add_channel(image: Gimp.Image, name: str) -> Gimp.Channel:
    """Add an empty channel to an image."""
    black = Gegl.Color.new("black")
    channel = Gimp.Channel.new(image, name, image.get_width(), image.get_height(), 50.0, black)
    image.insert_channel(channel, None, 0)
    return channel


def select_by(image: Gimp.Image, channel: Gimp.Channel) -> None:
    """Select by a channel's own values: a script may have asked for soft selections before."""
    Gimp.context_push()
    Gimp.context_set_feather(False)
    image.select_item(Gimp.ChannelOps.REPLACE, channel)
    Gimp.context_pop()


@contextmanager
def without_selection(image: Gimp.Image) -> Iterator[None]:
    """Let nothing be selected for a moment, inside `one_step`: GIMP merges only where it is."""
    if Gimp.Selection.is_empty(image):
        yield
        return
    with keep_selected(image):
        kept = Gimp.Selection.save(image)
        Gimp.Selection.none(image)
        try:
            yield
        finally:
            select_by(image, kept)
            image.remove_channel(kept)


class Maker:
    """Makes what one layer's alpha is painted into.

    Args:
        image: the image.
        layer: the layer that is cut out.
        request: what to make of it.
        selection: what limits the result, if anything does.
    """

    def __init__(
        self, image: Gimp.Image, layer: Gimp.Layer, request: CutRequest, selection: Stencil | None
    ) -> None:
        self._image, self._layer, self._request = image, layer, request
        self._stencils = (selection,) if selection else ()
        self._deep = is_deep(image)

    def make(self) -> Canvas:
        """Return what the request asks for; the selection is the caller's own."""
        makers = {"mask": self._make_mask, "layer": self._make_layer, "channel": self._make_channel}
        return makers[self._request.make]()

    def paint_into(self, channel: Gimp.Channel) -> Canvas:
        """Return a canvas over a channel of the image's size that nobody sees."""
        return Canvas(channel, False, self._find_offset(), self._stencils)

    def _make_mask(self) -> Canvas:
        mask = self._layer.get_mask()
        if mask is None:
            return self._add_mask()
        stencils = self._stencils
        if self._request.existing == "intersect":
            area = TileRect(0, 0, mask.get_width(), mask.get_height())
            stencils = (*stencils, Stencil.of(mask).freeze(area))
        canvas = Canvas(mask, self._deep, (0, 0), stencils, shadow=True)
        canvas.on_finish = self._merge_step(mask)
        return canvas

    def _add_mask(self) -> Canvas:
        layer = self._layer
        mask = layer.create_mask(Gimp.AddMaskType.BLACK)
        layer.add_mask(mask)
        # The next brush stroke is meant for the layer.
        layer.set_edit_mask(False)
        canvas = Canvas(mask, self._deep, (0, 0), self._stencils)
        canvas.on_discard = lambda: _remove_mask(layer)
        return canvas

    def _merge_step(self, mask: Gimp.LayerMask) -> Callable[[], None]:
        """Return what puts the shadow into a mask that is there, and switches the mask on."""

        def merge() -> None:
            with one_step(self._image):
                with without_selection(self._image):
                    mask.merge_shadow(True)
                if not self._layer.get_apply_mask():
                    self._layer.set_apply_mask(True)

        return merge

    def _make_layer(self) -> Canvas:
        image, layer = self._image, self._layer
        copy = self._copy_layer()
        with one_step(image):
            image.insert_layer(copy, layer.get_parent(), image.get_item_position(layer))
            if copy.get_mask() is not None:
                copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
            copy.add_mask(copy.create_mask(Gimp.AddMaskType.BLACK))
            copy.set_edit_mask(False)
            shown = layer.get_visible()
            layer.set_visible(False)

        def discard() -> None:
            with one_step(image):
                image.remove_layer(copy)
                layer.set_visible(shown)

        canvas = CutoutCanvas(copy, self._deep, (0, 0), self._stencils)
        canvas.on_discard = discard
        return canvas

    def _copy_layer(self) -> Gimp.Layer:
        """Return a copy; of a group a flat layer, because GIMP ends who writes into a group."""
        layer = self._layer
        copy = self._flatten() if layer.is_group() else layer.copy()
        copy.set_name(_("{name} cutout").format(name=layer.get_name()))
        return copy

    def _flatten(self) -> Gimp.Layer:
        group = self._layer
        passing = group.get_mode() == Gimp.LayerMode.PASS_THROUGH
        mode = Gimp.LayerMode.NORMAL if passing else group.get_mode()
        size, opacity = (group.get_width(), group.get_height()), group.get_opacity()
        flat = Gimp.Layer.new(self._image, "", *size, group.type(), opacity, mode)
        copy_pixels(group, flat)
        flat.set_offsets(*self._find_offset())
        return flat

    def _make_channel(self) -> Canvas:
        with keep_selected(self._image):
            channel = add_channel(self._image, f"{self._layer.get_name()} alpha")
        channel.set_visible(False)
        canvas = Canvas(channel, self._deep, self._find_offset(), self._stencils)
        canvas.on_discard = lambda: self._image.remove_channel(channel)
        return canvas

    def _find_offset(self) -> tuple[int, int]:
        left, top = self._layer.get_offsets()[1:]
        return left, top


def _remove_mask(layer: Gimp.Layer) -> None:
    """Take a layer's mask away, also where somebody has locked the layer meanwhile."""
    locked = layer.get_lock_content()
    with one_step(layer.get_image()):
        if locked:
            layer.set_lock_content(False)
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
        if locked:
            layer.set_lock_content(True)
