"""Cuts layers out: from what was asked for to what GIMP shows."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp

from frisket.client.options import HintSet
from frisket.client.transport import Connect
from frisket.hosts import measure
from frisket.hosts.job import Job
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest
from frisket.hosts.verdict import NoSubject, explain_nothing, phrase_doubts
from frisket_gimp.layers import LayerReader, Stencil, is_deep, keep_selection, merge_pixels
from frisket_gimp.marks import find_marks
from frisket_gimp.paint import Canvas, LatePainter, Progress
from frisket_gimp.results import Maker, add_channel, keep_selected, one_step, select_by
from frisket_gimp.targets import Watch

CLIENT = "frisket-gimp"


class Cut:
    """One layer's way from the request to the result.

    Args:
        image: the image.
        layer: the layer to cut out.
        request: what to make of it.
        connect: opens connections to the server.
        progress: GIMP's progress bar.
        selection: what is selected, as seen from the layer; None for nothing.

    Attributes:
        reader: reads the layer.
        doubts: what a person should look at, when all is done; empty for nothing.
    """

    def __init__(
        self,
        image: Gimp.Image,
        layer: Gimp.Layer,
        request: CutRequest,
        connect: Connect,
        progress: Progress,
        selection: Stencil | None = None,
    ) -> None:
        self._image = image
        self._layer = layer
        self._name = layer.get_name()
        self._request = request
        self._connect = connect
        self._progress = progress
        self._deep = is_deep(image)
        self.doubts = ""
        self.reader = LayerReader(layer, self._deep, Watch(layer).check)
        self._selection = selection
        # What says where the subject is does not limit it as well.
        limit = None if request.selection_use else selection
        self._maker = Maker(image, layer, request, limit)

    def run(self) -> None:
        """Cut the layer out into a mask, a new layer or a channel.

        Raises:
            ClientError: the server cannot, or is lost.
            Refused: the layer is not in a state for it.
            NoSubject: nothing was found, and nothing was added.
        """
        self._paint(self.make_painter())

    def run_into(self, channel: Gimp.Channel) -> None:
        """Cut the layer out into a channel that nobody sees.

        Raises:
            ClientError: see `run`.
        """
        self._paint(self._make_late(lambda: self._maker.paint_into(channel)))

    def make_painter(self) -> LatePainter:
        """Return what paints a mask, new layer or channel, as requested."""
        return self._make_late(self._maker.make)

    def _make_late(self, make: Callable[[], Canvas]) -> LatePainter:
        return LatePainter(self._progress, make, Watch(self._layer).check)

    def _paint(self, painter: LatePainter) -> None:
        options = self._request.options(self._deep, self.read_hints())
        job = Job(self.reader, painter, self._connect, options, CLIENT, notice=Gimp.message)
        try:
            outcome = job.run()
            if outcome.subject is None or not painter.has_something:
                raise NoSubject(explain_missing(self._name, self.reader))
            painter.finish()
        except BaseException:
            painter.discard()
            raise
        self.doubts = phrase_doubts(self._name, outcome)
        measure.keep(job.marks)

    def read_hints(self) -> HintSet:
        """Return what is known of the subject before the server is asked.

        Raises:
            Refused: what the request needs is not there.
        """
        spec = self.reader.spec
        mask = self._layer.get_mask()
        return self._request.read_hints(
            spec,
            self._name,
            lambda: Stencil.of(mask).reduce(spec) if mask is not None else None,
            lambda: self._selection.reduce(spec) if self._selection else None,
            find_marks(self._image, self._layer, self._request.use_path),
        )


def explain_missing(name: str, reader: LayerReader) -> str:
    """Return why nothing was found in a layer, and what can be done in GIMP."""
    step = _("Mark it with Filters > Frisket > Put right with strokes, or try another model.")
    return explain_nothing(name, reader.spec, reader.proxy(), step)


def cut_all(
    image: Gimp.Image, layers: list[Gimp.Layer], request: CutRequest, connect: Connect
) -> None:
    """Cut several layers out, one after another, and say what is to be said of them.

    Raises:
        ClientError: see `Cut.run`; layers without a subject are an error only where all are.
    """
    said: list[str] = []
    missed: list[str] = []
    selection = keep_selection(image)

    def cut_each(run: Callable[[Cut], None]) -> None:
        for number, layer in enumerate(layers):
            progress = Progress(number / len(layers), (number + 1) / len(layers))
            seen = selection.see_from(layer) if selection else None
            cut = Cut(image, layer, request, connect, progress, seen)
            try:
                run(cut)
            except NoSubject as error:
                missed.append(str(error))
            said.extend([cut.doubts] if cut.doubts else [])
        if len(missed) == len(layers):
            raise NoSubject("\n".join(missed))

    if request.make == "selection":
        select(image, cut_each)
    else:
        cut_each(Cut.run)
    if missed or said:
        Gimp.message("\n".join((*missed, *said)))


def select(image: Gimp.Image, cut_each: Callable[[Callable[[Cut], None]], None]) -> None:
    """Paint buffers that nobody sees, and select by their union in one step.

    Raises:
        ClientError: see `Cut.run`.
    """
    hidden = Gimp.Image.new(image.get_width(), image.get_height(), Gimp.ImageBaseType.GRAY)
    try:
        union = add_channel(hidden, "union")

        def run(cut: Cut) -> None:
            channel = add_channel(hidden, "alpha")
            cut.run_into(channel)
            merge_pixels(channel, union)
            hidden.remove_channel(channel)

        cut_each(run)
        with keep_selected(image), one_step(image):
            copy = add_channel(image, "alpha")
            merge_pixels(union, copy)
            select_by(image, copy)
            image.remove_channel(copy)
    finally:
        hidden.delete()
