"""Cuts layers out: from what was asked for to what GIMP shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gegl, Gimp

from frisket.client.options import HintSet
from frisket.client.transport import Connect
from frisket.hosts import measure
from frisket.hosts.job import Job
from frisket.hosts.request import CutRequest
from frisket_gimp.layers import LayerReader, Stencil, copy_pixels, find_selection, is_deep
from frisket_gimp.paint import Canvas, CutoutCanvas, LatePainter, Progress

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
        request: what to make of it.
        connect: opens connections to the server.
        progress: GIMP's progress bar.

    Attributes:
        reader: reads the layer.
    """

    def __init__(
        self,
        image: Gimp.Image,
        layer: Gimp.Layer,
        request: CutRequest,
        connect: Connect,
        progress: Progress,
    ) -> None:
        self._image = image
        self._layer = layer
        self._request = request
        self._connect = connect
        self._progress = progress
        self._deep = is_deep(image)
        self.reader = LayerReader(layer, self._deep)
        self._selection = find_selection(image, layer)

    def run(self) -> None:
        """Cut the layer out.

        Raises:
            ClientError: the server cannot, or is lost.
            Refused: the layer is not in a state for it.
        """
        if self._request.make == "selection":
            self._select()
        else:
            self._paint(self.make_painter())

    def make_painter(self) -> LatePainter:
        """Return what paints a mask, new layer or channel, as requested."""
        makers = {
            "mask": self._make_mask,
            "layer": self._make_layer,
            "channel": self._make_channel,
        }
        return LatePainter(self._progress, makers[self._request.make])

    # ------------------------------------------------------------ what to make

    def _make_mask(self) -> Canvas:
        mask, stencils = self._layer.get_mask(), self._list_stencils()
        if mask is not None:
            if self._request.existing == "intersect":
                stencils = (*stencils, Stencil(mask))
            return Canvas(mask, self._deep, (0, 0), stencils, shadow=True)
        mask = self._layer.create_mask(Gimp.AddMaskType.BLACK)
        self._layer.add_mask(mask)
        return Canvas(mask, self._deep, (0, 0), stencils)

    def _make_layer(self) -> Canvas:
        copy = self._layer.copy()
        copy.set_name(f"{self._layer.get_name()} cutout")
        parent = self._layer.get_parent()
        with one_step(self._image):
            self._image.insert_layer(copy, parent, self._image.get_item_position(self._layer))
            if copy.get_mask() is not None:
                copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
            copy.add_mask(copy.create_mask(Gimp.AddMaskType.BLACK))
            self._layer.set_visible(False)
        return CutoutCanvas(copy, self._deep, (0, 0), self._list_stencils())

    def _make_channel(self) -> Canvas:
        channel = _add_channel(self._image, f"{self._layer.get_name()} alpha")
        channel.set_visible(False)
        return Canvas(channel, self._deep, self._find_offset(), self._list_stencils())

    def _select(self) -> None:
        """Paint a buffer that nobody sees, and select by it in one step."""
        image = self._image
        width, height = image.get_width(), image.get_height()
        hidden = Gimp.Image.new(width, height, Gimp.ImageBaseType.GRAY)
        try:
            channel = _add_channel(hidden, "alpha")
            canvas = Canvas(channel, False, self._find_offset(), self._list_stencils())
            self._paint(LatePainter(self._progress, lambda: canvas))
            with one_step(image):
                copy = _add_channel(image, "alpha")
                copy_pixels(channel, copy)
                image.select_item(Gimp.ChannelOps.REPLACE, copy)
                image.remove_channel(copy)
        finally:
            hidden.delete()

    def _find_offset(self) -> tuple[int, int]:
        _, dx, dy = self._layer.get_offsets()
        return dx, dy

    # --------------------------------------------------------------- the work

    def _paint(self, painter: LatePainter) -> None:
        options = self._request.options(self._deep, self._read_hints())
        job = Job(self.reader, painter, self._connect, options, CLIENT, notice=Gimp.message)
        job.run()
        painter.finish()
        measure.keep(job.marks)

    def _list_stencils(self) -> tuple[Stencil, ...]:
        return (self._selection,) if self._selection else ()

    def _read_hints(self) -> HintSet:
        spec = self.reader.spec
        mask = self._layer.get_mask()
        return self._request.read_hints(
            spec,
            self._layer.get_name(),
            lambda: Stencil(mask).reduce(spec) if mask is not None else None,
            lambda: self._selection.reduce(spec) if self._selection else None,
        )


def _add_channel(image: Gimp.Image, name: str) -> Gimp.Channel:
    """Add an empty channel to an image."""
    black = Gegl.Color.new("black")
    channel = Gimp.Channel.new(image, name, image.get_width(), image.get_height(), 50.0, black)
    image.insert_channel(channel, None, 0)
    return channel


def cut_all(
    image: Gimp.Image, layers: list[Gimp.Layer], request: CutRequest, connect: Connect
) -> None:
    """Cut several layers out, one after another."""
    for number, layer in enumerate(layers):
        progress = Progress(number / len(layers), (number + 1) / len(layers))
        Cut(image, layer, request, connect, progress).run()
