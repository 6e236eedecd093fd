"""What the plug-in asks, with GIMP's own widgets."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gdk, Gimp, GimpUi, GLib, GObject, Gtk, Pango  # noqa: E402

from frisket.client.errors import Cancelled  # noqa: E402
from frisket.client.options import HintSet  # noqa: E402
from frisket.client.transport import Connect  # noqa: E402
from frisket.hosts import link  # noqa: E402
from frisket.hosts.language import _  # noqa: E402
from frisket.hosts.request import EXISTING, SERVER_CHOICE, CutRequest, phrase_existing  # noqa: E402
from frisket.hosts.settings import FIELDS, SWITCHES, WORDS, Settings  # noqa: E402
from frisket.hosts.titles import title_models  # noqa: E402
from frisket_gimp.arguments import EDGE_NAMES  # noqa: E402
from frisket_gimp.cut import Cut  # noqa: E402
from frisket_gimp.layers import find_selection  # noqa: E402
from frisket_gimp.paint import Progress  # noqa: E402
from frisket_gimp.preview import CutPreview  # noqa: E402


def ask_everything(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    layer: Gimp.Layer,
    connect: Connect,
    read: Callable[[Gimp.ProcedureConfig], CutRequest],
) -> None:
    """Let the user set the arguments, with a preview.

    Raises:
        Cancelled: the user does not want to.
    """
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Cut out with Frisket"))
    _replace_help(dialog)
    preview = CutPreview(
        layer,
        lambda: read(config),
        lambda request: _read_hints(image, layer, request, connect),
        connect,
    )
    side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    side.pack_start(_make_model_row(config, connect), False, False, 0)
    names = _list_arguments(procedure, image, layer)
    side.pack_start(dialog.fill_box("frisket-arguments", names), False, False, 0)
    row = Gtk.Box(spacing=12)
    row.pack_start(preview.widget, True, True, 0)
    row.pack_start(side, False, False, 0)
    area = dialog.get_content_area()
    area.pack_start(row, True, True, 6)
    only = Gimp.ValueArray.new(1)
    only.append(GObject.Value(str, "layer"))
    dialog.set_sensitive_if_in("decontaminate", None, "make", only, True)
    area.show_all()
    preview.start(config)
    agreed = dialog.run()
    preview.stop()
    dialog.destroy()
    if not agreed:
        raise Cancelled("Cancelled.")


def _read_hints(
    image: Gimp.Image, layer: Gimp.Layer, request: CutRequest, connect: Connect
) -> HintSet:
    """Return what a request says of the subject, with what is selected now if that matters."""
    selection = find_selection(image, layer) if request.selection_use else None
    return Cut(image, layer, request, connect, Progress(), selection).read_hints()


def _replace_help(dialog: GimpUi.ProcedureDialog) -> None:
    """Let Help show our page: GIMP's own button looks for one in its manual."""
    theirs = dialog.get_widget_for_response(Gtk.ResponseType.HELP)
    ours = Gtk.Button.new_with_mnemonic(_("_Help"))
    ours.connect("clicked", lambda _button: show_help())
    row = theirs.get_parent()
    row.pack_start(ours, False, True, 0)
    row.set_child_secondary(ours, True)
    theirs.set_no_show_all(True)
    theirs.hide()
    ours.show()


def _list_arguments(procedure: Gimp.Procedure, image: Gimp.Image, layer: Gimp.Layer) -> list[str]:
    """Return what the dialog asks for: what there is to choose for this image."""
    refines = procedure.find_argument("width") is not None
    first = [one for one in ("selection-use", "width") if procedure.find_argument(one) is not None]
    names = [*first, "quality", *([] if refines else ["make"]), *EDGE_NAMES, "decontaminate"]
    if refines:
        names.remove("decontaminate")
    if image.get_selected_paths():
        names.append("use-path")
    if layer.get_mask() is not None and not refines:
        names.append("existing")
    return names


def _make_model_row(config: Gimp.ProcedureConfig, connect: Connect) -> Gtk.Widget:
    """Return a menu of the server's models with what each is good for."""
    row = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
    menu = Gtk.ComboBoxText()
    menu.set_tooltip_text(_("What searches for the subject"))
    for cell in menu.get_cells():
        # Some titles are long, and the dialog would be as wide as the screen.
        cell.set_properties(ellipsize=Pango.EllipsizeMode.END, width_chars=22, max_width_chars=22)
    about = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=36)
    menu.append("", SERVER_CHOICE)
    texts = {"": ""}
    answer = link.ask_or_explain(connect)
    models = () if isinstance(answer, str) else answer.models
    for model, title in zip(models, title_models(models)):  # noqa: B905
        menu.append(model.name, title)
        texts[model.name] = f"{model.description} ({model.name})"
        if model.is_default:
            texts[""] = texts[model.name]

    def choose(widget: Gtk.ComboBoxText) -> None:
        config.set_property("model", widget.get_active_id() or "")
        about.set_text(texts.get(widget.get_active_id() or "", ""))

    menu.connect("changed", choose)
    if not menu.set_active_id(config.get_property("model") or ""):
        menu.set_active_id("")
    if isinstance(answer, str):
        about.set_text(answer)
    line = Gtk.Box(spacing=6)
    label = Gtk.Label(label=_("_Model"), use_underline=True, mnemonic_widget=menu)
    line.pack_start(label, False, False, 0)
    line.pack_start(menu, True, True, 0)
    row.pack_start(line, False, False, 0)
    row.pack_start(about, False, False, 0)
    return row


def ask_existing(name: str) -> str:
    """Ask what to do with the mask that a layer has.

    Raises:
        Cancelled: the user does not want any of it.
    """
    dialog = Gtk.MessageDialog(
        title=_("Frisket: a mask is there"),
        message_type=Gtk.MessageType.QUESTION,
        text=phrase_existing(name),
    )
    dialog.format_secondary_text("\n".join(f"{each.label}: {each.blurb}" for each in EXISTING))
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    for number, title in enumerate(each.button for each in EXISTING):
        dialog.add_button(title, number)
    dialog.set_default_response(0)
    answer = dialog.run()
    dialog.destroy()
    if not 0 <= answer < len(EXISTING):
        raise Cancelled("Cancelled.")
    return EXISTING[answer].key


def ask_server(now: Settings, attempt: Callable[[Settings], str]) -> Settings | None:
    """Ask which server to use; None when the user leaves it as it is."""
    dialog = Gtk.Dialog(title=_("Frisket: server"))
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(_("_Try it"), Gtk.ResponseType.APPLY)
    dialog.add_button(_("_OK"), Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    form = _ServerForm(now)
    dialog.get_content_area().pack_start(form.widget, True, True, 12)
    dialog.show_all()
    while (answer := dialog.run()) == Gtk.ResponseType.APPLY:
        form.say(attempt(form.read()))
    chosen = form.read()
    dialog.destroy()
    return chosen if answer == Gtk.ResponseType.OK else None


class _ServerForm:
    """Fields for the server's address and how to be let in."""

    def __init__(self, now: Settings) -> None:
        self._now = now
        self.widget = Gtk.Grid(row_spacing=6, column_spacing=12, margin=12)
        self._switches = {name: _make_check(name, getattr(now, name)) for name in SWITCHES}
        self._fields = {name: Gtk.Entry(width_chars=36, text=getattr(now, name)) for name in FIELDS}
        self._fields["token"].set_visibility(False)
        self._answer = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=56)
        self.widget.attach(self._switches["remote"], 0, 0, 2, 1)
        for row, (name, entry) in enumerate(self._fields.items(), 1):
            label, blurb = WORDS[name]
            text = Gtk.Label(label=label, use_underline=True, xalign=0.0, mnemonic_widget=entry)
            entry.set_tooltip_text(blurb)
            entry.set_activates_default(True)
            self.widget.attach(text, 0, row, 1, 1)
            self.widget.attach(entry, 1, row, 1, 1)
        below = len(self._fields) + 1
        self.widget.attach(self._switches["tls"], 0, below, 2, 1)
        self.widget.attach(self._answer, 0, below + 1, 2, 1)

    def read(self) -> Settings:
        """Return what is filled in."""
        texts = {name: entry.get_text().strip() for name, entry in self._fields.items()}
        switches = {name: button.get_active() for name, button in self._switches.items()}
        return dataclasses.replace(self._now, **switches, **texts)

    def say(self, text: str) -> None:
        """Show what the server answered."""
        self._answer.set_text(text)


def _make_check(name: str, active: bool) -> Gtk.CheckButton:
    label, blurb = WORDS[name]
    button = Gtk.CheckButton(label=label, use_underline=True)
    button.set_tooltip_text(blurb)
    button.set_active(active)
    return button


def show_report(text: str, path: str) -> None:
    """Show the diagnostics and where they were written."""
    _show_text(_("Frisket: trouble report"), _("Written to {path}").format(path=path), text)


def show_help() -> None:
    """Show the plug-in's own page, in a browser where there is one."""
    page = Path(__file__).resolve().parent.parent / "help.html"
    try:
        Gtk.show_uri_on_window(None, page.as_uri(), Gdk.CURRENT_TIME)
    except GLib.Error:
        plain = re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))
        _show_text(_("Frisket: help"), str(page), html.unescape(plain).strip())


def _show_text(title: str, above: str, text: str) -> None:
    dialog = Gtk.Dialog(title=title)
    dialog.set_default_size(760, 480)
    dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
    view = Gtk.TextView(editable=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD)
    view.get_buffer().set_text(text)
    scroll = Gtk.ScrolledWindow()
    scroll.add(view)
    area = dialog.get_content_area()
    area.pack_start(Gtk.Label(label=above, xalign=0.0, selectable=True), False, False, 6)
    area.pack_start(scroll, True, True, 0)
    dialog.show_all()
    dialog.run()
    dialog.destroy()
