"""Server settings and diagnostics."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gimp

from frisket.hosts import link, settings
from frisket.hosts.language import _
from frisket.hosts.plugin import Plugin
from frisket.hosts.titles import title_models

PLUGIN = Plugin("GIMP", Path(__file__).resolve().parent.parent, "frisket-cutout.py")


def collect_diagnostics(interactive: bool) -> None:
    """Write a report beside the server's own log and say where it is."""
    text, path = PLUGIN.diagnose(Gimp.version())
    if not interactive:
        print(text)
        return
    from frisket_gimp import dialogs

    dialogs.show_report(text, str(path))


def choose_server() -> None:
    """Let the user choose the server; keep the choice when it answers or is confirmed."""
    from frisket_gimp import dialogs

    chosen = dialogs.ask_server(PLUGIN.load_settings(), _try)
    if chosen is not None:
        settings.save(chosen)


def _try(chosen: settings.Settings) -> str:
    """Return what the server says, or why it does not."""
    answer = link.ask_or_explain(link.make_connector(chosen))
    if isinstance(answer, str):
        return answer
    models = "\n".join(title_models(answer.models)) or _("none")
    text = _("The server answers (frisket {version}). Its models:\n{models}")
    return text.format(version=answer.version, models=models)
