"""A progress bar on a terminal; nothing when piped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

_STAGES = {
    "reading": "reading the layer",
    "coarse": "first mask",
    "tiles": "sharpening",
    "writing": "writing",
}


class Bar:
    """Shows how far a task is; called with a stage, what is done, and of how much.

    Args:
        line: where it is shown; None for nowhere.
    """

    def __init__(self, line: tqdm[Any] | None) -> None:
        self._line = line

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a stage."""
        if self._line is not None:
            self._line.set_description_str(_STAGES.get(stage, stage), refresh=False)
            self._line.total, self._line.n = max(1, total), done
            self._line.update(0)

    def hide(self) -> None:
        """Make room for other lines, and start anew with the next task."""
        if self._line is not None:
            self._line.reset()
            self._line.clear()


@contextlib.contextmanager
def bar(shown: bool) -> Iterator[Bar]:
    """Yield a bar, and take it away at the end."""
    if not shown:
        yield Bar(None)
        return
    # Loaded only where it is seen.
    from tqdm import tqdm

    layout = "{desc:<18}{percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(total=1, bar_format=layout, leave=False) as line:
        yield Bar(line)
