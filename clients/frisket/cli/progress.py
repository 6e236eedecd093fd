"""A progress bar on a terminal; nothing when piped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Progress = Callable[[str, int, int], None]
_STAGES = {
    "reading": "reading the layer",
    "coarse": "first mask",
    "tiles": "sharpening",
    "writing": "writing",
}


@contextlib.contextmanager
def bar(shown: bool) -> Iterator[Progress]:
    """Yield a function that takes (stage, done, total) and shows it, or ignores it."""
    if not shown:
        yield lambda stage, done, total: None
        return
    # Loaded only where it is seen.
    from tqdm import tqdm

    layout = "{desc:<18}{percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(total=1, bar_format=layout, leave=False) as line:

        def show(stage: str, done: int, total: int) -> None:
            line.set_description_str(_STAGES.get(stage, stage), refresh=False)
            line.total, line.n = max(1, total), done
            line.update(0)

        yield show
