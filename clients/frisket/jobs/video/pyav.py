"""The way to PyAV, which the extra `video` brings."""

from __future__ import annotations

import os
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
