"""A small picture of what the dialog's choices would make."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gi.repository import GdkPixbuf, Gimp, GLib, Gtk

from frisket.client.errors import ClientError
from frisket.client.options import Options
from frisket.hosts import link
from frisket.hosts.job import Job
from frisket.hosts.memory import MemoryPainter, MemoryReader
from frisket.hosts.request import CutRequest
from frisket_gimp.layers import reduce_buffer

_SIDE = 360


def compose(pixels: bytes, alpha: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    """Return RGB rows with alpha over a chequerboard."""
    rgba = bytearray(4 * width * height)
    for channel in range(3):
        rgba[channel::4] = pixels[channel::3]
    rgba[3::4] = alpha
    raw = GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(rgba)), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )
    nearest = GdkPixbuf.InterpType.NEAREST
    return raw.composite_color_simple(width, height, nearest, 255, 8, 0x999999, 0x666666)


class CutPreview:
    """A widget that cuts a thumbnail out again whenever the choices change.

    The work is done in a thread; GTK is touched in the main loop only.
    """

    def __init__(
        self,
        layer: Gimp.Layer,
        read: Callable[[], CutRequest],
        connect: Callable[[], link.H2Transport],
    ) -> None:
        scale = min(1.0, _SIDE / max(layer.get_width(), layer.get_height()))
        self._scale = scale
        width = max(1, round(layer.get_width() * scale))
        height = max(1, round(layer.get_height() * scale))
        exact = width / layer.get_width()
        pixels = reduce_buffer(layer.get_buffer(), (width, height), exact, "R'G'B' u8")
        self._thumbnail = (pixels, width, height)
        self._read = read
        self._connect = connect
        self._wanted = 0
        self._stopped = False
        self._image = Gtk.Image()
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=48)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
        self.widget.pack_start(self._image, True, True, 0)
        self.widget.pack_start(self._text, False, False, 0)

    def start(self, config: Gimp.ProcedureConfig) -> None:
        """Show the first preview and follow the choices."""
        config.connect("notify", self._await_rest)
        self._await_rest()

    def stop(self) -> None:
        """Show nothing more."""
        self._stopped = True

    def _await_rest(self, *_: object) -> None:
        self._wanted += 1
        self._text.set_text("Preview: working...")
        # A slider changes many times a second: only the last value counts.
        GLib.timeout_add(250, self._cut_again, self._wanted)

    def _cut_again(self, number: int) -> bool:
        if number == self._wanted and not self._stopped:
            options = self._read().shrink(self._scale).options()
            threading.Thread(target=self._work, args=(number, options), daemon=True).start()
        return False

    def _work(self, number: int, options: Options) -> None:
        pixels, width, height = self._thumbnail
        reader, painter = MemoryReader(pixels, width, height), MemoryPainter(width, height)
        try:
            Job(reader, painter, self._connect, options, "frisket-gimp-preview").run()
        except ClientError as error:
            GLib.idle_add(self._show, number, b"", link.explain(error))
            return
        GLib.idle_add(self._show, number, bytes(painter.alpha), "Preview")

    def _show(self, number: int, alpha: bytes, text: str) -> bool:
        if number == self._wanted and not self._stopped:
            self._text.set_text(text)
            if alpha:
                pixels, width, height = self._thumbnail
                self._image.set_from_pixbuf(compose(pixels, alpha, width, height))
        return False
