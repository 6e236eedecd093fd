"""Tells, once, that a better model than the embedded one can be fetched."""

from __future__ import annotations

from frisket.about import NAME
from frisket.protocol.home import home

_EMBEDDED = "embedded"
_BETTER = "u2netp"


def suggest_model(used: str) -> str:
    """Return a line about a better model after the first cut with the embedded one, else "".

    That it was said is remembered in frisket's home; where nothing can be written there, it is
    not said at all, for it would be said every time.
    """
    if used != _EMBEDDED:
        return ""
    said = home() / "told-of-models"
    try:
        said.parent.mkdir(parents=True, exist_ok=True)
        said.touch(exist_ok=False)
    except OSError:
        return ""
    return (
        f"this was the small model inside the package; '{NAME} models pull {_BETTER}' fetches a "
        f"better one (4.6 MB), '{NAME} models list' shows more"
    )
