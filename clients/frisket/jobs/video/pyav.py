"""The way to PyAV, which the extra `video` brings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from frisket.documents.core.errors import MissingExtra


def load_av(path: str | os.PathLike[str]) -> Any:
    """Return PyAV; its log stays off, for its callback and a decoder would wait for one another.

    Raises:
        MissingExtra: it is not installed; `path` is what needs it.
    """
    try:
        import av
    except ImportError:
        raise MissingExtra(path, "videos need PyAV, which is", "video") from None
    return av


@contextmanager
def open_video(path: Path) -> Iterator[Any]:
    """Open a video to read, and nothing that it names: playlists lead to other files and addresses.

    Raises:
        MissingExtra: PyAV is not installed.
        OSError: FFmpeg cannot read it.
        ValueError: it cannot either.
    """
    av = load_av(path)
    closed = {"protocol_whitelist": "none"}
    with (
        path.open("rb") as file,
        av.open(file, options=closed, metadata_errors="replace") as container,
    ):
        yield container
