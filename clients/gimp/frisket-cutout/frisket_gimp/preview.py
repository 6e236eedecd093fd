"""What the dialog's choices would make, large enough to see the edge."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gdk, GdkPixbuf, Gimp, GLib, Gtk

from frisket.client.options import HintSet
from frisket.client.transport import Connect
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest
from frisket_gimp.layers import LayerReader, reduce_buffer
from frisket_gimp.rehearsal import Rehearsal

_WIDTH, _HEIGHT = 560, 380
_REST_MS = 200
_GREY_LIGHT, _GREY_DARK = 0x999999, 0x666666
_TINT, _TINT_SHARE = 0x3C3C6E, 110
_NEAREST = GdkPixbuf.InterpType.NEAREST
VIEWS = (
    ("chequers", _("Cut out")),
    ("tint", _("Under a tint")),
    ("black", _("On black")),
    ("white", _("On white")),
    ("alpha", _("Mask alone")),
    ("before", _("Before")),
)
"""The ways to look at a cutout, with their labels."""


def compose(pixels: bytes, alpha: bytes, size: tuple[int, int], view: str) -> GdkPixbuf.Pixbuf:
    """Return RGB rows with alpha in one of `VIEWS`."""
    plain = _make_pixbuf(_repeat(alpha) if view == "alpha" else pixels, size, False)
    if view in ("alpha", "before"):
        return plain
    rgba = bytearray(4 * len(alpha))
    for channel in range(3):
        rgba[channel::4] = pixels[channel::3]
    rgba[3::4] = alpha
    cut = _make_pixbuf(bytes(rgba), size, True)
    if view == "tint":
        below = plain.composite_color_simple(*size, _NEAREST, _TINT_SHARE, 8, _TINT, _TINT)
        cut.composite(below, 0, 0, *size, 0, 0, 1, 1, _NEAREST, 255)
        return below
    colours = {"black": (0, 0), "white": (0xFFFFFF, 0xFFFFFF)}
    light, dark = colours.get(view, (_GREY_LIGHT, _GREY_DARK))
    return cut.composite_color_simple(*size, _NEAREST, 255, 8, light, dark)


def _repeat(grey: bytes) -> bytes:
    rgb = bytearray(3 * len(grey))
    for channel in range(3):
        rgb[channel::3] = grey
    return bytes(rgb)


def _make_pixbuf(rows: bytes, size: tuple[int, int], alpha: bool) -> GdkPixbuf.Pixbuf:
    stride = (4 if alpha else 3) * size[0]
    rgb = GdkPixbuf.Colorspace.RGB
    return GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(rows), rgb, alpha, 8, *size, stride)


class CutPreview:
    """A widget that shows the cutout of the layer itself, whole or a part at its full size.

    Args:
        layer: the layer.
        read: returns the request as the dialog has it now.
        read_hints: returns what a request says of the subject.
        connect: opens connections to the server.
    """

    def __init__(
        self,
        layer: Gimp.Layer,
        read: Callable[[], CutRequest],
        read_hints: Callable[[CutRequest], HintSet],
        connect: Connect,
    ) -> None:
        self._buffer = layer.get_buffer()
        self._full = layer.get_width(), layer.get_height()
        self._read, self._read_hints = read, read_hints
        self._wanted = 0
        # How many pixels of the layer one of the preview stands for, whole and now.
        self._whole = max(1, -(-self._full[0] // _WIDTH), -(-self._full[1] // _HEIGHT))
        self._step = self._whole
        self._origin = (0, 0)
        self._grabbed: tuple[float, float] | None = None
        self._pixels = b""
        self._rehearsal = Rehearsal(
            LayerReader(layer, False), connect, self._draw, self._tell, self._find_sight
        )
        self._build()
        self._look()

    def start(self, config: Gimp.ProcedureConfig) -> None:
        """Show the first preview and follow the choices."""
        config.connect("notify", self._await_rest)
        self._await_rest()

    def stop(self) -> None:
        """Show nothing more."""
        self._wanted = -1
        self._rehearsal.stop()

    # ------------------------------------------------------------- the widget

    def _build(self) -> None:
        self._image = Gtk.Image()
        self._image.set_size_request(_WIDTH, _HEIGHT)
        box = Gtk.EventBox()
        mask = Gdk.EventMask
        box.add_events(mask.BUTTON_PRESS_MASK | mask.BUTTON_RELEASE_MASK | mask.BUTTON1_MOTION_MASK)
        box.connect("button-press-event", self._press)
        box.connect("motion-notify-event", self._move)
        box.add(self._image)
        self._text = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=60)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(box, True, True, 0)
        self.widget.pack_start(self._make_row(), False, False, 0)
        self.widget.pack_start(self._text, False, False, 0)

    def _make_row(self) -> Gtk.Box:
        self._menu = Gtk.ComboBoxText()
        for key, label in VIEWS:
            self._menu.append(key, label)
        self._menu.set_active_id("chequers")
        self._menu.connect("changed", lambda _menu: self._draw())
        self._menu.set_tooltip_text(_("How the cutout is shown here"))
        label = Gtk.Label(label=_("_View"), use_underline=True, mnemonic_widget=self._menu)
        self._close = Gtk.CheckButton.new_with_mnemonic(_("Full si_ze"))
        self._close.set_tooltip_text(
            _("Show a part pixel by pixel; click into the picture to choose it, drag to move it")
        )
        self._close.set_sensitive(self._whole > 1)
        self._close.connect("toggled", self._zoom)
        row = Gtk.Box(spacing=6)
        for widget in (label, self._menu, self._close):
            row.pack_start(widget, False, False, 0)
        return row

    def _press(self, _box: Gtk.EventBox, event: Gdk.EventButton) -> bool:
        if self._step > 1:
            x, y = self._locate(event.x, event.y)
            self._origin = x - _WIDTH // 2, y - _HEIGHT // 2
            self._close.set_active(True)
        else:
            self._grabbed = event.x, event.y
        return True

    def _move(self, _box: Gtk.EventBox, event: Gdk.EventMotion) -> bool:
        if self._grabbed and self._step == 1:
            x, y = self._grabbed
            left, top = self._origin
            self._origin = left + round(x - event.x), top + round(y - event.y)
            self._grabbed = event.x, event.y
            self._look()
        return True

    def _locate(self, x: float, y: float) -> tuple[int, int]:
        """Return which pixel of the layer is under a place of the widget."""
        width, height = self._size
        space = self._image.get_allocation()
        left, top = (space.width - width) / 2, (space.height - height) / 2
        return (
            self._origin[0] + round((x - left) * self._step),
            self._origin[1] + round((y - top) * self._step),
        )

    def _zoom(self, button: Gtk.CheckButton) -> None:
        self._step = 1 if button.get_active() else self._whole
        self._look()

    # ------------------------------------------------------------ what is seen

    @property
    def _size(self) -> tuple[int, int]:
        full = self._full
        return min(_WIDTH, -(-full[0] // self._step)), min(_HEIGHT, -(-full[1] // self._step))

    def _find_sight(self) -> tuple[int, int, int, int]:
        width, height = self._size
        left, top = self._origin
        right = min(self._full[0], left + width * self._step)
        bottom = min(self._full[1], top + height * self._step)
        return left, top, right - left, bottom - top

    def _look(self) -> None:
        """Read the part of the layer that is in sight, and show it."""
        width, height = self._size
        most = self._full[0] - width * self._step, self._full[1] - height * self._step
        left, top = (max(0, min(at, end)) for at, end in zip(self._origin, most))  # noqa: B905
        self._origin = left, top
        origin = left // self._step, top // self._step
        self._pixels = reduce_buffer(
            self._buffer, (width, height), 1 / self._step, "R'G'B' u8", origin
        )
        self._draw()

    def _draw(self) -> None:
        alpha = self._rehearsal.alpha.read(*self._origin, *self._size, self._step)
        view = self._menu.get_active_id()
        self._image.set_from_pixbuf(compose(self._pixels, alpha, self._size, view))

    def _tell(self, text: str) -> None:
        self._text.set_text(text)

    def _await_rest(self, *_arguments: object) -> None:
        self._wanted += 1
        # A slider changes many times a second: only the last value counts.
        GLib.timeout_add(_REST_MS, self._cut_again, self._wanted)

    def _cut_again(self, number: int) -> bool:
        if number == self._wanted:
            try:
                request = self._read()
                hints = self._read_hints(request)
            except Exception as error:
                self._tell(str(error))
            else:
                self._rehearsal.want(request.options(hints=hints))
        return False
