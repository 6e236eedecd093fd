"""Puts a cutout right by strokes: a session that stays open while the artist paints.

GIMP runs a plug-in beside itself, so that the image can be painted on while the plug-in's
window is open. What is found is shown as a tint over the picture; the layer itself is changed
when the artist finishes, in one step.
"""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp

from frisket.client.errors import Cancelled
from frisket.client.events import Outcome
from frisket.client.options import Change, HintSet
from frisket.client.transport import Connect
from frisket.hosts import measure
from frisket.hosts.job import Job
from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.request import CutRequest
from frisket.hosts.verdict import NoSubject, phrase_doubts
from frisket.protocol.grid import TileRect
from frisket_gimp.cut import CLIENT, explain_missing
from frisket_gimp.layers import (
    LayerReader,
    Stencil,
    copy_into,
    copy_layer,
    find_selection,
    is_deep,
    make_hidden,
)
from frisket_gimp.marking import Marking
from frisket_gimp.marks import Picture, explain_strokes
from frisket_gimp.paint import Canvas
from frisket_gimp.results import Maker, add_channel, one_step
from frisket_gimp.strokedialog import StrokeDialog
from frisket_gimp.targets import Watch


class TintPainter:
    """Shows alpha as a tint over the image, and keeps it for the end.

    Args:
        canvases: what is painted into, all of one depth: the tint, and a channel that nobody sees.
        dialog: tells how far it is, and stays alive meanwhile.
        check: raises what has to be said when the tint is gone; asked before each tile, and
            each question to a GIMP that is redrawing takes its time.
        check_all: the same when anything is gone that the artist's work depends on.
    """

    def __init__(
        self,
        canvases: tuple[Canvas, ...],
        dialog: StrokeDialog,
        check: Callable[[], None],
        check_all: Callable[[], None],
    ) -> None:
        self._canvases, self._dialog, self._check = canvases, dialog, check
        self._look = Pace(check_all, least=0.25, share=0.1)

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Paint a rectangle of constant alpha."""
        self._check()
        for canvas in self._canvases:
            canvas.fill(rect, opaque)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Paint a rectangle of alpha."""
        self._check()
        for canvas in self._canvases:
            canvas.paint(rect, alpha, coarse)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Ignore cleaned colours: a tint has none."""

    def refresh(self) -> None:
        """Let GIMP redraw what changed."""
        self._look.ask()
        self._check()
        self._canvases[0].refresh()

    def progress(self, share: float, text: str) -> None:
        """Tell the window how far it is."""
        self._dialog.tell(share, text)

    def finish(self) -> None:
        """Make sure that all is shown: what changed, for GIMP is slow to draw the whole."""
        self._canvases[0].show()


class Correction:
    """One layer, its strokes, and the session that follows them.

    Args:
        image: the image.
        layer: the layer to put right.
        request: model, quality and edge.
        connect: opens connections to the server.
    """

    def __init__(
        self, image: Gimp.Image, layer: Gimp.Layer, request: CutRequest, connect: Connect
    ) -> None:
        self._image, self._layer, self._request = image, layer, request
        self._connect = connect
        self._name = layer.get_name()
        self._deep = is_deep(image)
        self._selection = find_selection(image, layer)
        self._watch = Watch(layer)
        self._marking = Marking(image, layer)
        kinds = self._marking.kinds
        self._dialog = StrokeDialog(self._name, kinds, self._marking.choose, self._poll)
        self._found = False
        # Hair is brushed over, and there is no edge yet.
        self._hair_waits = False
        self._picture: Picture | None = None
        self._seen = b""
        self._settling = b""

    def run(self) -> None:
        """Follow the strokes until the artist finishes or cancels.

        Raises:
            Cancelled: the artist does not want it; nothing was changed.
            ClientError: the server cannot; nothing was changed.
        """
        size = self._layer.get_width(), self._layer.get_height()
        hidden = make_hidden(self._image, size)
        try:
            self._kept = add_channel(hidden, "alpha")
            self._marking.begin()
            self._reader = LayerReader(copy_layer(self._layer, hidden), self._deep)
            self._dialog.show()
            self._follow()
            self._finish()
        except BaseException as error:
            self._clear(keep_strokes=not isinstance(error, Cancelled))
            raise
        finally:
            self._dialog.close()
            if self._image.is_valid():
                self._marking.give_back()
            hidden.delete()
        Gimp.displays_flush()

    def _follow(self) -> None:
        offset = tuple(self._layer.get_offsets()[1:])
        stencils = (self._selection,) if self._selection else ()
        tint = Canvas(self._marking.tint, self._deep, offset, stencils)
        self._painter = TintPainter(
            (tint, Canvas(self._kept, self._deep, (0, 0), stencils)),
            self._dialog,
            self._marking.check_tint,
            self._check,
        )
        job = Job(
            self._reader,
            self._painter,
            self._connect,
            self._request.options(self._deep, self._read_strokes()),
            CLIENT,
            cancelled=lambda: self._dialog.is_cancelled,
            notice=self._dialog.say,
            next_change=self._await_change,
        )
        job.run()

    def _check(self) -> None:
        self._watch.check()
        self._marking.check()

    def _await_change(self, outcome: Outcome) -> Change | None:
        """Show the result and wait for a stroke or the end."""
        self._found = outcome.subject is not None
        self._painter.finish()
        measure.keep({})
        self._dialog.say(self._describe(outcome))
        if not self._dialog.wait():
            if self._dialog.is_cancelled:
                raise Cancelled("Cancelled.")
            return None
        return Change(hints=self._read_strokes())

    def _describe(self, outcome: Outcome) -> str:
        if outcome.subject is None:
            return _("No subject was found. Choose Keep and paint over a part of it.")
        return phrase_doubts(self._name, outcome) or _(
            "Tinted is what goes. Paint where it is wrong, then choose Finish."
        )

    def _poll(self) -> bool:
        """Tell whether there are strokes to follow that have come to rest.

        Raises:
            Refused: the layer, the strokes or the image are gone.
        """
        self._check()
        self._picture = Picture(self._marking.strokes, self._layer)
        now = self._picture.rgba
        rests = now == self._settling
        self._settling = now
        if rests and self._picture.is_blank:
            self._explain(self._picture)
        return rests and (now != self._seen or (self._hair_waits and self._found))

    def _read_strokes(self) -> HintSet:
        picture = self._picture or Picture(self._marking.strokes, self._layer)
        self._picture = None
        self._seen = self._settling = picture.rgba
        self._explain(picture)
        hints = picture.read()
        self._hair_waits = picture.has_hair and not self._found
        if not picture.has_hair or self._hair_waits:
            return hints
        spec = self._reader.spec
        return picture.widen(hints, spec, Stencil.of(self._kept).reduce(spec))

    def _explain(self, picture: Picture) -> None:
        self._dialog.warn(explain_strokes(picture, self._marking.strokes, self._layer))

    def _finish(self) -> None:
        """Make the result and take the strokes away, in one step.

        Raises:
            NoSubject: there is nothing to make a mask of.
            Refused: see `Watch.check`.
        """
        self._check()
        if not self._found:
            reader = LayerReader(self._layer, self._deep)
            raise NoSubject(explain_missing(self._name, reader))
        with one_step(self._image):
            canvas = Maker(self._image, self._layer, self._request, None).make()
            copy_into(self._kept, canvas, self._deep)
            canvas.finish()
            self._marking.end()

    def _clear(self, keep_strokes: bool) -> None:
        """Leave the layer as it was; what is painted stays for the next try, unless cancelled."""
        if self._image.is_valid():
            with one_step(self._image):
                self._marking.end(keep_strokes)
            Gimp.displays_flush()
