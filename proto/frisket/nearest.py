"""What was probably meant: for every message that answers a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable


def find_nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is spelt most like a given one, whatever its case, or ""."""
    # Imported when something was mistyped, not at every start.
    from difflib import get_close_matches

    by_fold = {one.casefold(): one for one in known}
    near = get_close_matches(word.casefold(), list(by_fold), n=1)
    return by_fold[near[0]] if near else ""
