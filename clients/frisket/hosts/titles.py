"""What a model is called in a menu: its manifest's words instead of a file's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from frisket.hosts.link import ModelChoice

_LONGEST = 48
_END = re.compile(r"[,;.](?:\s|$)")


def title_models(models: Sequence[ModelChoice]) -> list[str]:
    """Return a title for each model, no two alike.

    The title is the description up to its first comma, semicolon or full stop. Where that is
    missing, long, or the same for several, the name stands beside it or instead of it.
    """
    shorts = [_shorten(model.description) for model in models]
    counts = Counter(shorts)
    return [
        f"{short} ({model.name})" if short and counts[short] > 1 else short or model.name
        for model, short in zip(models, shorts, strict=True)
    ]


def _shorten(description: str) -> str:
    short = _END.split(description.strip(), maxsplit=1)[0]
    return short if 0 < len(short) <= _LONGEST else ""
