"""What a person types or drops as a file: a path, or the URL of one on this machine."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

_HERE = ("", "localhost")


def file_path(text: str) -> Path:
    """Return the path that ``text`` is or that a ``file:`` URL names.

    Raises:
        ArgumentTypeError: The URL names a file of another machine.
    """
    if not text.lower().startswith("file:/"):
        return Path(text)
    url = urlsplit(text)
    if url.netloc.lower() not in _HERE:
        raise ArgumentTypeError(f"{text} names a file of another machine; copy it here first")
    return Path(url2pathname(url.path))
