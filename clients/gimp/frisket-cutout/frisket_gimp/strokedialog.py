"""The window beside the image while its layer is put right by strokes."""

from __future__ import annotations

from collections.abc import Callable, Collection

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import GLib, Gtk  # noqa: E402

from frisket.hosts.language import _  # noqa: E402

# Strokes rest when two looks in a row see the same.
_POLL_MS = 120
# Label and explanation of each kind of stroke.
_KINDS = {
    "keep": (_("_Keep"), _("What you paint belongs to the subject")),
    "remove": (_("_Remove"), _("What you paint does not belong to the subject")),
    "hair": (
        _("H_air"),
        _("Brush over hair or fur at the edge: it is searched anew there, as wide as the brush"),
    ),
}


class StrokeDialog:
    """Buttons for the brush, what is being done, Finish and Cancel.

    Args:
        name: the layer's name.
        kinds: the kinds of strokes that the image takes, of "keep", "remove" and "hair".
        choose: sets the brush: a kind, and whether in colours for every eye.
        poll: tells whether there are new strokes; raises what ends the work.
    """

    def __init__(
        self,
        name: str,
        kinds: Collection[str],
        choose: Callable[[str, bool], None],
        poll: Callable[[], bool],
    ) -> None:
        self._choose, self._poll = choose, poll
        self._buttons: dict[str, Gtk.RadioButton] = {}
        self._loop: GLib.MainLoop | None = None
        self._error: BaseException | None = None
        self._changed = False
        self._finished = False
        self.is_cancelled = False
        title = _("Frisket: put '{name}' right").format(name=name)
        self._window = Gtk.Dialog(title=title)
        self._window.set_keep_above(True)
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._window.add_button(_("_Finish"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        self._window.connect("response", self._respond)
        self._fill(self._window.get_content_area(), kinds)

    def _fill(self, area: Gtk.Box, kinds: Collection[str]) -> None:
        area.set_spacing(6)
        area.set_border_width(12)
        text = _("Paint on the image with any brush; the key P takes one.")
        area.pack_start(Gtk.Label(label=text, xalign=0.0), False, False, 0)
        row = Gtk.Box(spacing=6, homogeneous=True)
        for kind in kinds:
            label, tip = _KINDS[kind]
            first = next(iter(self._buttons.values()), None)
            button = Gtk.RadioButton.new_with_mnemonic_from_widget(first, label)
            button.set_tooltip_text(tip)
            row.pack_start(button, True, True, 0)
            self._buttons[kind] = button
        area.pack_start(row, False, False, 0)
        self._safe = Gtk.CheckButton.new_with_mnemonic(_("_Blue and vermilion strokes"))
        self._safe.set_tooltip_text(_("For eyes that do not tell green from red"))
        area.pack_start(self._safe, False, False, 0)
        for button in (*self._buttons.values(), self._safe):
            button.connect("toggled", self._set_brush)
        self._bar = Gtk.ProgressBar()
        area.pack_start(self._bar, False, False, 0)
        self._said = Gtk.Label(xalign=0.0, wrap=True, width_chars=44, max_width_chars=44)
        self._warned = Gtk.Label(xalign=0.0, wrap=True, width_chars=44, max_width_chars=44)
        area.pack_start(self._said, False, False, 0)
        area.pack_start(self._warned, False, False, 0)

    def show(self) -> None:
        """Open the window, with a brush that keeps."""
        self._window.show_all()
        self._set_brush()

    def close(self) -> None:
        """Close the window."""
        self._window.destroy()

    def tell(self, share: float, text: str) -> None:
        """Show how far the work is, and let the window live meanwhile."""
        self._bar.set_fraction(min(1.0, max(0.0, share)))
        self._said.set_text(_(text))
        while Gtk.events_pending():
            Gtk.main_iteration_do(False)

    def say(self, text: str) -> None:
        """Show a sentence."""
        self._bar.set_fraction(1.0)
        self._said.set_text(text)

    def warn(self, text: str) -> None:
        """Show, or take away, what is wrong with the strokes."""
        self._warned.set_text(text)

    def wait(self) -> bool:
        """Wait; tell whether there are new strokes, or else the artist has finished.

        Raises:
            ClientError: what the poll says.
        """
        self._changed = False
        if not self._finished and not self.is_cancelled:
            timer = GLib.timeout_add(_POLL_MS, self._look)
            self._loop = GLib.MainLoop()
            self._loop.run()
            self._loop = None
            GLib.source_remove(timer)
        if self._error is not None:
            raise self._error
        return self._changed

    def _look(self) -> bool:
        try:
            self._changed = self._poll()
        except BaseException as error:
            self._error = error
        if self._changed or self._error is not None:
            self._loop.quit()
        return True

    def _respond(self, _window: Gtk.Dialog, answer: int) -> None:
        self._finished = answer == Gtk.ResponseType.OK
        self.is_cancelled = not self._finished
        if self._loop is not None:
            self._loop.quit()

    def _set_brush(self, *_arguments: object) -> None:
        chosen = (kind for kind, button in self._buttons.items() if button.get_active())
        self._choose(next(chosen), self._safe.get_active())
