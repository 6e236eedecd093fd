"""Where frisket keeps its own files."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the folder of models and settings: ``FRISKET_HOME``, or the platform's data folder."""
    named = os.environ.get("FRISKET_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("frisket", appauthor=False))
