"""Cuts layers out: from what was asked for to what GIMP shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gi.repository import Gegl, Gimp

from frisket.client.options import HintSet, LayerSpec
from frisket.client.transport import Connect
from frisket.hosts import measure
from frisket.hosts.job import Job
from frisket.hosts.planes import bounds, trimap
from frisket.protocol.grid import TileRect
from frisket_gimp.layers import LayerReader, Stencil, copy_pixels, is_deep, selection_of
from frisket_gimp.paint import Canvas, CutoutCanvas, Progress
from frisket_gimp.targets import Refused
from frisket_gimp.wishes import Wishes

CLIENT = "frisket-gimp"


@contextmanager
def one_step(image: Gimp.Image) -> Iterator[None]:
    """Make what happens inside a single undo step; only for what is over at once."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


class Cut:
    """One layer's way from the request to the result.

    Args:
        image: the image.
        layer: the layer to cut out.
        wishes: what to make of it.
        connect: opens connections to the server.
        progress: GIMP's progress bar.
    """

    def __init__(
        self,
        image: Gimp.Image,
        layer: Gimp.Layer,
        wishes: Wishes,
        connect: Connect,
        progress: Progress,
    ) -> None:
        self._image = image
        self._layer = layer
        self._wishes = wishes
        self._connect = connect
        self._progress = progress
        self._deep = wishes.options.depth == 16
        self._reader = LayerReader(layer, self._deep)
        self._selection = selection_of(image, layer)

    def run(self) -> None:
        """Cut the layer out.

        Raises:
            ClientError: the server cannot, or is lost.
            Refused: the layer is not in a state for it.
        """
        makers: dict[str, Callable[[], None]] = {
            "mask": self._mask,
            "layer": self._new_layer,
            "selection": self._select,
            "channel": self._channel,
        }
        makers[self._wishes.make]()

    # ------------------------------------------------------------ what to make

    def _mask(self) -> None:
        mask = self._layer.get_mask()
        if mask is not None:
            self._existing(mask)
            return
        self._paint(_Later(self._progress, lambda: self._on_new_mask(self._layer)))

    def _existing(self, mask: Gimp.LayerMask) -> None:
        stencils = self._stencils()
        if self._wishes.existing == "intersect":
            stencils = (*stencils, Stencil(mask))
        self._paint(
            _Later(self._progress, lambda: Canvas(mask, self._deep, (0, 0), stencils, shadow=True))
        )

    def _on_new_mask(self, layer: Gimp.Layer) -> Canvas:
        mask = layer.create_mask(Gimp.AddMaskType.BLACK)
        layer.add_mask(mask)
        return Canvas(mask, self._deep, (0, 0), self._stencils())

    def _new_layer(self) -> None:
        self._paint(_Later(self._progress, self._on_copy))

    def _on_copy(self) -> Canvas:
        copy = self._layer.copy()
        copy.set_name(f"{self._layer.get_name()} cutout")
        parent = self._layer.get_parent()
        with one_step(self._image):
            self._image.insert_layer(copy, parent, self._image.get_item_position(self._layer))
            if copy.get_mask() is not None:
                copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
            copy.add_mask(copy.create_mask(Gimp.AddMaskType.BLACK))
            self._layer.set_visible(False)
        return CutoutCanvas(copy, self._deep, (0, 0), self._stencils())

    def _channel(self) -> None:
        self._paint(
            _Later(self._progress, lambda: self._on_channel(f"{self._layer.get_name()} alpha"))
        )

    def _on_channel(self, name: str) -> Canvas:
        channel = _channel(self._image, name)
        channel.set_visible(False)
        _, dx, dy = self._layer.get_offsets()
        return Canvas(channel, self._deep, (dx, dy), self._stencils())

    def _select(self) -> None:
        """Paint a buffer that nobody sees, and select by it in one step."""
        image = self._image
        width, height = image.get_width(), image.get_height()
        hidden = Gimp.Image.new(width, height, Gimp.ImageBaseType.GRAY)
        try:
            channel = _channel(hidden, "alpha")
            _, dx, dy = self._layer.get_offsets()
            self._paint(
                _Later(self._progress, lambda: Canvas(channel, False, (dx, dy), self._stencils()))
            )
            with one_step(image):
                copy = _channel(image, "alpha")
                copy_pixels(channel, copy)
                image.select_item(Gimp.ChannelOps.REPLACE, copy)
                image.remove_channel(copy)
        finally:
            hidden.delete()

    # --------------------------------------------------------------- the work

    def _paint(self, painter: _Later) -> None:
        options = self._wishes.options
        if self._wishes.make == "selection":
            options = dataclasses.replace(options, depth=8)
        options = dataclasses.replace(options, hints=self._hints())
        job = Job(self._reader, painter, self._connect, options, CLIENT, notice=Gimp.message)
        job.run()
        painter.finish()
        measure.keep(job.marks)

    def _stencils(self) -> tuple[Stencil, ...]:
        return (self._selection,) if self._selection else ()

    def _hints(self) -> HintSet:
        spec = self._reader.spec
        if self._wishes.existing == "refine":
            return HintSet(trimap=self._trimap(spec))
        if not self._wishes.selection_use:
            return HintSet()
        return self._selection_hints(spec)

    def _trimap(self, spec: LayerSpec) -> bytes:
        mask = self._layer.get_mask()
        if mask is None:
            name = self._layer.get_name()
            raise Refused(f"The layer '{name}' has no mask. Use 'Cut out subject' first.")
        return trimap(Stencil(mask).reduced(spec), spec.proxy_width, spec.proxy_height)

    def _selection_hints(self, spec: LayerSpec) -> HintSet:
        if self._selection is None:
            raise Refused("Nothing is selected. Select the subject roughly and try again.")
        plane = self._selection.reduced(spec)
        if self._wishes.selection_use == "prior":
            return HintSet(prior=plane)
        found = bounds(plane, spec.proxy_width, spec.proxy_height)
        if found is None:
            raise Refused("The selection does not touch the layer. Select a part of it.")
        return HintSet(boxes=(_at_full_size(found, spec),))


def _channel(image: Gimp.Image, name: str) -> Gimp.Channel:
    """Add an empty channel to an image."""
    black = Gegl.Color.new("black")
    channel = Gimp.Channel.new(image, name, image.get_width(), image.get_height(), 50.0, black)
    image.insert_channel(channel, None, 0)
    return channel


def _at_full_size(rect: tuple[int, int, int, int], spec: LayerSpec) -> tuple[int, int, int, int]:
    """Return a rectangle of the proxy in pixels of the layer, never smaller."""
    x, y, width, height = rect
    left = x * spec.width // spec.proxy_width
    top = y * spec.height // spec.proxy_height
    right = min(spec.width, -(-(x + width) * spec.width // spec.proxy_width))
    bottom = min(spec.height, -(-(y + height) * spec.height // spec.proxy_height))
    return left, top, right - left, bottom - top


class _Later:
    """A canvas made when there is something to paint, so that no empty mask flashes by."""

    def __init__(self, progress: Progress, make: Callable[[], Canvas]) -> None:
        self._progress = progress
        self._make = make
        self._canvas: Canvas | None = None

    def _there(self) -> Canvas:
        if self._canvas is None:
            self._canvas = self._make()
        return self._canvas

    def fill(self, rect: TileRect, opaque: bool) -> None:
        # A new mask hides everything already: sending it blank tiles would only cost time.
        canvas = self._there()
        if opaque or canvas.painted(rect):
            canvas.fill(rect, opaque)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        self._there().paint(rect, alpha, coarse)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        self._there().recolour(rect, colours)

    def shown(self) -> None:
        self._there().shown()

    def progress(self, share: float, text: str) -> None:
        self._progress.tell(share, text)

    def finish(self) -> None:
        self._there().finish()


def cut_all(
    image: Gimp.Image,
    layers: list[Gimp.Layer],
    wishes: Callable[[Gimp.Layer, bool], Wishes],
    connect: Connect,
) -> None:
    """Cut several layers out, one after another."""
    deep = is_deep(image)
    for number, layer in enumerate(layers):
        progress = Progress(number / len(layers), (number + 1) / len(layers))
        Cut(image, layer, wishes(layer, deep), connect, progress).run()
