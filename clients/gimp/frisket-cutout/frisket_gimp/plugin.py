"""The procedures that GIMP knows of, and how each of them runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from gi.repository import Gegl, Gimp, GLib, GObject

from frisket.client.errors import Cancelled
from frisket.client.transport import Connect
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest, Refused
from frisket_gimp import arguments, cut, tools
from frisket_gimp.targets import find_layers

_MENU = "<Image>/Filters/Frisket"
# Where people look for masks and selections.
_MASK_MENUS = ("<Image>/Layer/Mask", "<Layers>/Layers Menu/Frisket")
_SELECT_MENU = "<Image>/Select"
# GEGL would keep every tile it has read; a layer is read once.
_CACHE_BYTES = 32 << 20


@dataclass(frozen=True)
class Entry:
    """A procedure for the menu.

    Attributes:
        label: its menu label.
        blurb: what it does, in a sentence.
        menus: where it is beside its own submenu.
        dialog: it asks for its arguments.
        selection: it takes the selection as a hint.
        refine: it takes the mask that is there as a hint.
        strokes: it follows strokes in a window of its own.
        make: what it makes where nobody says otherwise.
    """

    label: str
    blurb: str
    menus: tuple[str, ...] = ()
    dialog: bool = True
    selection: bool = False
    refine: bool = False
    strokes: bool = False
    make: str = "mask"


CUTS = {
    "plug-in-frisket-cut-out-subject": Entry(
        _("Cut out _subject"),
        _("Hide the background of a layer with a mask, without questions"),
        _MASK_MENUS,
        dialog=False,
    ),
    "plug-in-frisket-cut-out": Entry(
        _("_Cut out..."), _("Make a mask, layer, selection or channel of the subject"), _MASK_MENUS
    ),
    "plug-in-frisket-cut-out-from-selection": Entry(
        _("Cut out _from selection..."),
        _("Cut out what is roughly selected"),
        (_SELECT_MENU,),
        selection=True,
    ),
    "plug-in-frisket-select-subject": Entry(
        _("Select su_bject"),
        _("Select the subject of a layer, without questions"),
        (_SELECT_MENU,),
        dialog=False,
        make="selection",
    ),
    "plug-in-frisket-put-right": Entry(
        _("_Put right with strokes..."),
        _("Paint what belongs to the subject and what does not, and see the mask follow"),
        _MASK_MENUS,
        dialog=False,
        strokes=True,
    ),
    "plug-in-frisket-refine-mask": Entry(
        _("_Refine mask edge..."),
        _("Search the edge of the layer mask anew"),
        _MASK_MENUS,
        refine=True,
    ),
}
TOOLS = {
    "plug-in-frisket-server": (_("Ser_ver settings..."), _("Choose the server that cuts out")),
    "plug-in-frisket-diagnostics": (
        _("_Trouble report..."),
        _("Check the installation and write down what a report of a fault needs"),
    ),
}


def run_cut(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Run one of CUTS."""

    def work() -> None:
        _prepare(run_mode, procedure.get_name())
        layers = find_layers(list(drawables))
        connect = tools.PLUGIN.make_connector(_tell_starting)
        entry = CUTS[procedure.get_name()]
        if entry.dialog and run_mode == Gimp.RunMode.INTERACTIVE:
            from frisket_gimp import dialogs

            read = _make_reader(entry)
            dialogs.ask_everything(procedure, config, image, layers[0], connect, read)
        if entry.strokes and run_mode != Gimp.RunMode.NONINTERACTIVE:
            _put_right(image, layers, arguments.read_request(config), connect)
            return
        existing = _choose_existing(entry, config, run_mode, layers)
        Gimp.progress_init("Frisket")
        request = arguments.read_request(config, existing, entry.selection)
        cut.cut_all(image, layers, request, connect)

    return _answer(procedure, work)


def _prepare(run_mode: Gimp.RunMode, name: str) -> None:
    Gegl.init(None)
    Gegl.config().set_property("tile-cache-size", _CACHE_BYTES)
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        import gi

        gi.require_version("Gtk", "3.0")
        gi.require_version("GimpUi", "3.0")
        from gi.repository import GimpUi

        GimpUi.init(name)


def _tell_starting() -> None:
    Gimp.progress_init(_("Starting the frisket server"))
    Gimp.progress_pulse()


def _put_right(
    image: Gimp.Image,
    layers: list[Gimp.Layer],
    request: CutRequest,
    connect: Connect,
) -> None:
    from frisket_gimp.correcting import Correction

    if len(layers) > 1:
        raise Refused(_("Several layers are selected. Select the one to be put right."))
    Correction(image, layers[0], replace(request, make="mask"), connect).run()


def _make_reader(entry: Entry) -> Callable[[Gimp.ProcedureConfig], CutRequest]:
    """Return what reads the request for a dialog's preview."""

    def read(config: Gimp.ProcedureConfig) -> CutRequest:
        existing = "refine" if entry.refine else str(config.get_property("existing"))
        return arguments.read_request(config, existing, entry.selection)

    return read


def _choose_existing(
    entry: Entry,
    config: Gimp.ProcedureConfig,
    run_mode: Gimp.RunMode,
    layers: list[Gimp.Layer],
) -> str:
    """Return what to do with masks that are there; ask where nobody has chosen."""
    if entry.refine:
        return "refine"
    chosen = str(config.get_property("existing"))
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return chosen
    masked = [layer for layer in layers if layer.get_mask() is not None]
    if not masked or config.get_property("make") != "mask":
        return "replace"
    if entry.dialog and run_mode == Gimp.RunMode.INTERACTIVE and masked[0] == layers[0]:
        # The dialog has asked already.
        return chosen
    from frisket_gimp import dialogs

    return dialogs.ask_existing(masked[0].get_name())


def _answer(procedure: Gimp.Procedure, work: Callable[[], None]) -> Gimp.ValueArray:
    """Run the work; tell GIMP how it went, in one sentence."""
    status, text = Gimp.PDBStatusType.SUCCESS, ""
    try:
        work()
    except Cancelled:
        status = Gimp.PDBStatusType.CANCEL
    except Refused as error:
        status, text = Gimp.PDBStatusType.CALLING_ERROR, str(error)
    except Exception as error:
        # GIMP shows the sentence; a traceback would only go to a console nobody sees.
        status, text = Gimp.PDBStatusType.EXECUTION_ERROR, tools.PLUGIN.explain(error)
    with contextlib.suppress(GLib.Error):
        Gimp.progress_end()
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0) if text else GLib.Error()
    return procedure.new_return_values(status, error)


def run_tool(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, data: object
) -> Gimp.ValueArray:
    """Run one of TOOLS."""

    def work() -> None:
        _prepare(config.get_property("run-mode"), procedure.get_name())
        interactive = config.get_property("run-mode") == Gimp.RunMode.INTERACTIVE
        if procedure.get_name() == "plug-in-frisket-server":
            tools.choose_server()
        else:
            tools.collect_diagnostics(interactive)

    return _answer(procedure, work)


class FrisketCutout(Gimp.PlugIn):
    """Registers everything with GIMP."""

    def do_set_i18n(self, name: str) -> bool:
        """Say that there is no translation yet."""
        return False

    def do_query_procedures(self) -> list[str]:
        """Return the names of the procedures."""
        return [*CUTS, *TOOLS]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe one procedure to GIMP."""
        return self._make_cut(name, CUTS[name]) if name in CUTS else self._make_tool(name)

    def _make_cut(self, name: str, entry: Entry) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run_cut, None)
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES)
        self._describe(procedure, name, entry.label, entry.blurb)
        for menu in entry.menus:
            procedure.add_menu_path(menu)
        arguments.declare(procedure, entry.make)
        if entry.selection:
            arguments.declare_selection_use(procedure)
        if entry.refine:
            arguments.declare_refinement(procedure)
        return procedure

    def _make_tool(self, name: str) -> Gimp.Procedure:
        label, blurb = TOOLS[name]
        procedure = Gimp.Procedure.new(self, name, Gimp.PDBProcType.PLUGIN, run_tool, None)
        procedure.add_enum_argument(
            "run-mode",
            _("Run mode"),
            _("Whether to show the report in a window or to print it"),
            Gimp.RunMode.__gtype__,
            Gimp.RunMode.INTERACTIVE,
            GObject.ParamFlags.READWRITE,
        )
        self._describe(procedure, name, label, blurb)
        return procedure

    def _describe(self, procedure: Gimp.Procedure, name: str, label: str, blurb: str) -> None:
        procedure.set_menu_label(label)
        procedure.add_menu_path(_MENU)
        procedure.set_documentation(blurb, f"{blurb}. See docs/gimp.md of frisket.", name)
        procedure.set_attribution("The frisket authors", "Apache-2.0", "2025")
