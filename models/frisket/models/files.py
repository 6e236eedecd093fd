"""What a frisket home holds beside weights: small JSON files and whole copies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .core.errors import DownloadFailed, ModelFileError


def read_json(path: Path) -> dict[str, Any]:
    """Read an object; empty where there is no file.

    Raises:
        ModelFileError: it cannot be read.
    """
    try:
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
        part.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
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


def copy_all(files: Sequence[Path], targets: Sequence[Path]) -> None:
    """Copy beside and rename, so that no half-written file bears its name.

    Raises:
        OSError: a file could not be copied; its half is gone.
    """
    targets[0].parent.mkdir(parents=True, exist_ok=True)
    for file, target in zip(files, targets, strict=True):
        part = target.with_name(target.name + ".part")
        try:
            shutil.copyfile(file, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
