"""Paths as people type them."""

from __future__ import annotations

from pathlib import Path


def expand_user(word: str) -> Path:
    """Return a path with a leading `~` replaced, where nothing has that very name."""
    path = Path(word)
    if not word.startswith("~") or path.exists():
        return path
    try:
        return path.expanduser()
    except RuntimeError:  # the system knows no such user
        return path
