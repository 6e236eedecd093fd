"""What the plug-in asks, with GIMP's own widgets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gimp, GimpUi, GObject, Gtk  # noqa: E402

from frisket.client.errors import Cancelled  # noqa: E402
from frisket.hosts import link  # noqa: E402
from frisket.hosts.language import _  # noqa: E402
from frisket.hosts.request import EXISTING, SERVER_CHOICE, CutRequest, phrase_existing  # noqa: E402
from frisket.hosts.settings import FIELDS, SWITCHES, Settings  # noqa: E402
from frisket_gimp.arguments import EDGE_NAMES  # noqa: E402
from frisket_gimp.preview import CutPreview  # noqa: E402


def ask_everything(
    procedure: Gimp.Procedure,
    config: Gimp.ProcedureConfig,
    image: Gimp.Image,
    layer: Gimp.Layer,
    connect: Callable[[], link.H2Transport],
    read: Callable[[Gimp.ProcedureConfig], CutRequest],
) -> None:
    """Let the user set the arguments, with a preview.

    Raises:
        Cancelled: the user does not want to.
    """
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Cut out with Frisket"))
    area = dialog.get_content_area()
    preview = CutPreview(layer, lambda: read(config), connect)
    area.pack_start(preview.widget, True, True, 6)
    area.pack_start(_make_model_row(config, connect), False, False, 6)
    dialog.fill(_list_arguments(procedure, image, layer))
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


def _make_model_row(
    config: Gimp.ProcedureConfig, connect: Callable[[], link.H2Transport]
) -> Gtk.Widget:
    """Return a menu of the server's models with what each is good for."""
    row = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=3)
    menu = Gtk.ComboBoxText()
    about = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=48)
    menu.append("", SERVER_CHOICE)
    texts = {"": ""}
    answer = link.ask_or_explain(connect)
    for model in () if isinstance(answer, str) else answer.models:
        menu.append(model.name, model.name)
        texts[model.name] = model.description
        if model.is_default:
            texts[""] = f"{model.name}: {model.description}"

    def choose(widget: Gtk.ComboBoxText) -> None:
        config.set_property("model", widget.get_active_id() or "")
        about.set_text(texts.get(widget.get_active_id() or "", ""))

    menu.connect("changed", choose)
    if not menu.set_active_id(config.get_property("model") or ""):
        menu.set_active_id("")
    if isinstance(answer, str):
        about.set_text(answer)
    line = Gtk.Box(spacing=6)
    line.pack_start(Gtk.Label(label="_Model", use_underline=True, mnemonic_widget=menu), 0, 0, 0)
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
        title="Frisket: a mask is there",
        message_type=Gtk.MessageType.QUESTION,
        text=phrase_existing(name),
    )
    dialog.format_secondary_text("\n".join(f"{each.label}: {each.blurb}" for each in EXISTING))
    dialog.add_button("_Cancel", Gtk.ResponseType.CANCEL)
    for number, title in enumerate(("_Replace", "_Intersect", "Re_fine")):
        dialog.add_button(title, number)
    dialog.set_default_response(0)
    answer = dialog.run()
    dialog.destroy()
    if not 0 <= answer < len(EXISTING):
        raise Cancelled("Cancelled.")
    return EXISTING[answer].key


def ask_server(now: Settings, attempt: Callable[[Settings], str]) -> Settings | None:
    """Ask which server to use; None when the user leaves it as it is."""
    dialog = Gtk.Dialog(title="Frisket: server")
    dialog.add_button("_Cancel", Gtk.ResponseType.CANCEL)
    dialog.add_button("_Try it", Gtk.ResponseType.APPLY)
    dialog.add_button("_OK", Gtk.ResponseType.OK)
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
        self._switches = {name: _make_check(label, getattr(now, name)) for name, label in SWITCHES}
        self._fields = {
            name: Gtk.Entry(width_chars=36, text=getattr(now, name)) for name, _ in FIELDS
        }
        self._fields["token"].set_visibility(False)
        self._answer = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=56)
        self.widget.attach(self._switches["remote"], 0, 0, 2, 1)
        for row, (name, label) in enumerate(FIELDS, 1):
            entry = self._fields[name]
            text = Gtk.Label(
                label=f"_{label}", use_underline=True, xalign=0.0, mnemonic_widget=entry
            )
            self.widget.attach(text, 0, row, 1, 1)
            self.widget.attach(entry, 1, row, 1, 1)
        self.widget.attach(self._switches["tls"], 0, 4, 2, 1)
        self.widget.attach(self._answer, 0, 5, 2, 1)

    def read(self) -> Settings:
        """Return what is filled in."""
        texts = {name: entry.get_text().strip() for name, entry in self._fields.items()}
        switches = {name: button.get_active() for name, button in self._switches.items()}
        return dataclasses.replace(self._now, **switches, **texts)

    def say(self, text: str) -> None:
        """Show what the server answered."""
        self._answer.set_text(text)


def _make_check(label: str, active: bool) -> Gtk.CheckButton:
    button = Gtk.CheckButton(label=f"_{label}", use_underline=True)
    button.set_active(active)
    return button


def show_report(text: str, path: str) -> None:
    """Show the diagnostics and where they were written."""
    dialog = Gtk.Dialog(title="Frisket: diagnostics")
    dialog.set_default_size(760, 480)
    dialog.add_button("_Close", Gtk.ResponseType.CLOSE)
    view = Gtk.TextView(editable=False, monospace=True)
    view.get_buffer().set_text(text)
    scroll = Gtk.ScrolledWindow()
    scroll.add(view)
    area = dialog.get_content_area()
    area.pack_start(Gtk.Label(label=f"Written to {path}", xalign=0.0, selectable=True), 0, 0, 6)
    area.pack_start(scroll, True, True, 0)
    dialog.show_all()
    dialog.run()
    dialog.destroy()
