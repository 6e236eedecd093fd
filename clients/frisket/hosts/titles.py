"""What a model is called in a menu: its title instead of a file's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from frisket.hosts.language import _
from frisket.hosts.link import ModelChoice

_LONGEST = 48
_END = re.compile(r"[,;.](?:\s|$)")


def title_models(models: Sequence[ModelChoice]) -> list[str]:
    """Return a title for each model in the user's language, no two alike.

    A model without a title goes by its description up to the first comma, semicolon or full
    stop. Where that is missing or long, the name stands instead of it; where several models
    have the same title, beside it.
    """
    shorts = [_(model.title) or _shorten(model.description) for model in models]
    counts = Counter(shorts)
    return [
        f"{short} ({model.name})" if short and counts[short] > 1 else short or model.name
        for model, short in zip(models, shorts, strict=True)
    ]


def _shorten(description: str) -> str:
    short = _END.split(description.strip(), maxsplit=1)[0]
    return short if 0 < len(short) <= _LONGEST else ""
