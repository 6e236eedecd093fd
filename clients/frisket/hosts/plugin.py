"""An installed plug-in: its settings, its way to a server, its log and its diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frisket.client.errors import Cancelled
from frisket.client.h2_transport import H2Transport
from frisket.hosts import link, selfcheck, settings
from frisket.hosts.request import Refused
from frisket.protocol.home import run_folder


@dataclass(frozen=True)
class Plugin:
    """A plug-in as it lies in its host.

    Attributes:
        title: the host's name, for people.
        folder: the plug-in's own folder.
        entry: the file that the host loads, relative to the folder.
    """

    title: str
    folder: Path
    entry: str

    def load_settings(self) -> settings.Settings:
        """Return how to reach the server."""
        return settings.load(self.folder)

    def make_connector(self, starting: Callable[[], None]) -> Callable[[], H2Transport]:
        """Return what opens connections; see `frisket.hosts.link.make_connector`."""
        return link.make_connector(self.load_settings(), starting)

    def explain(self, error: BaseException) -> str:
        """Return what went wrong, for the user; what nobody meant to happen is logged too."""
        if not isinstance(error, (Cancelled, Refused)):
            selfcheck.remember(self.title, error)
        return link.explain(error)

    def diagnose(self, version: str) -> tuple[str, Path]:
        """Write down what a report of a fault needs; return the text and where it is.

        Args:
            version: the host's version.
        """
        text = selfcheck.report(self.title, version, self.folder, self.entry, self.load_settings())
        path = run_folder() / f"{self.title.lower()}-diagnostics.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return text, path
