"""What TensorRT has built for a graph, kept on the disk: used again, and thrown away when damaged.

A folder for each graph and runtime; TensorRT names the files in it by the GPU's kind. It writes
them in place, so whoever is killed while it builds leaves half an engine, and an engine that is
damaged may end the process that reads it. A mark lies in the folder while it is used for an
opening: if it is there before the next one, the last one did not end.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

log = logging.getLogger(__name__)

_MARK = "opening"
Session = TypeVar("Session")


def open_with_engines(folder: Path, open_session: Callable[[], Session]) -> Session:
    """Open a graph whose engines lie in a folder; once more without them where they are damaged.

    Args:
        folder: made where it is missing.
        open_session: opens the graph; whatever it raises is the caller's to explain.

    Raises:
        OSError: the folder cannot be written.
    """
    if (folder / _MARK).exists():
        _discard(folder, "the last start did not end")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _MARK).touch()
    try:
        return _open_again(folder, open_session)
    finally:
        with contextlib.suppress(OSError):
            (folder / _MARK).unlink()


def _open_again(folder: Path, open_session: Callable[[], Session]) -> Session:
    try:
        return open_session()
    except Exception as error:  # the runtime's own classes share no base
        if not any(file.name != _MARK for file in folder.iterdir()):
            raise
        _discard(folder, str(error).strip().splitlines()[0] if str(error).strip() else repr(error))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open_session()


def _discard(folder: Path, why: str) -> None:
    log.warning("the engines in %s are built again: %s", folder, why)
    shutil.rmtree(folder, ignore_errors=True)
