"""Server settings and diagnostics."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gimp

from frisket.hosts import link, selfcheck, settings
from frisket.protocol.home import run_folder

ENTRY = "frisket-cutout.py"


def diagnostics(folder: Path, interactive: bool) -> None:
    """Write a report beside the server's own log and say where it is."""
    text = selfcheck.report("GIMP", Gimp.version(), folder, ENTRY, settings.load(folder))
    path = run_folder() / "gimp-diagnostics.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if not interactive:
        print(text)
        return
    from frisket_gimp import dialogs

    dialogs.show_report(text, str(path))


def server_settings(folder: Path) -> None:
    """Let the user choose the server; keep the choice when it answers or is confirmed."""
    from frisket_gimp import dialogs

    chosen = dialogs.ask_server(settings.load(folder), _try)
    if chosen is not None:
        settings.save(chosen)


def _try(chosen: settings.Settings) -> str:
    """Return what the server says, or why it does not."""
    try:
        info = link.ask(link.connector(chosen))
    except Exception as error:
        return link.explain(error)
    models = ", ".join(model.name for model in info.models)
    return f"Server {info.version} answers, on {info.device}. Models: {models or 'none'}."
