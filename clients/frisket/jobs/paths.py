"""Files as people type them or drop them: a path, or the URL of one on this machine."""

from __future__ import annotations

from pathlib import Path

_HERE = ("", "localhost")


def read_path(word: str) -> Path:
    """Return the path that a word is, or that a `file:` URL names.

    A leading `~` that no shell has replaced is the user's folder, where nothing has that very
    name.

    Raises:
        ValueError: the URL names a file of another machine.
    """
    if word.lower().startswith("file:/"):
        return _read_url(word)
    path = Path(word)
    if not word.startswith("~") or path.exists():
        return path
    try:
        return path.expanduser()
    except RuntimeError:  # the system knows no such user
        return path


def _read_url(word: str) -> Path:
    # Every command would wait for them, and few read such a URL.
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    url = urlsplit(word)
    if url.netloc.lower() not in _HERE:
        raise ValueError(f"{word!r} names a file of another machine; copy it here first")
    return Path(url2pathname(url.path))
