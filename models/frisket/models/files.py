"""What a frisket home holds beside weights: small JSON files and whole copies."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from .core.errors import DownloadFailed, ModelFileError

MAX_JSON_BYTES = 1 << 20


def read_json(path: Path) -> dict[str, Any]:
    """Read an object; empty where there is no file.

    Raises:
        ModelFileError: it cannot be read.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelFileError(f"{path} is too large to be a record of frisket's.")
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, RecursionError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}.") from error
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write an object, whole or not at all.

    Raises:
        ModelFileError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(json.dumps(data, indent=2, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())  # a power cut leaves the old record or the new one
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise ModelFileError(f"{path} cannot be written: {error.strerror}.") from error


def make_folder(folder: Path) -> None:
    """Make a folder for a download, with those above it.

    Raises:
        DownloadFailed: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(f"{folder} cannot be written: {error.strerror}.") from error
