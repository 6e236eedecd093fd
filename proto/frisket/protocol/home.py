"""Where frisket keeps its own files on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """Return frisket's folder: FRISKET_HOME, or the platform's place for a user's data.

    A leading `~` in FRISKET_HOME means the user's own folder.
    """
    if chosen := os.environ.get("FRISKET_HOME"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "frisket"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/frisket"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "frisket"


def run_folder() -> Path:
    """Return the folder of what lives only as long as a server or a host runs."""
    return home() / "run"


def make_run_folder() -> Path:
    """Make the run folder, which nobody but its user may look into, and return it.

    Raises:
        OSError: frisket's folder cannot be written.
    """
    folder = run_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder
