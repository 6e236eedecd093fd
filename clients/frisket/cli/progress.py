"""One line on a terminal that says what is being done, how far it is and how long it takes.

Nothing is imported for it that the start would have to wait for.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TextIO, TypeVar

_LABELS = {
    "server": "starting the server",
    "busy": "server busy, waits",
    "coarse": "first mask",
    "tiles": "sharpening",
}
_BAR = 20
_TICK_S = 0.25
_PAUSE_S = 0.04


class Bar:
    """Shows how far work is; called with a stage, what is done, and of how much.

    Args:
        stream: where it is shown; None for nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._name = ""
        self._pixels = 0
        self._shown, self._drawn = False, 0.0
        self._lock = threading.Lock()
        self._enter("starting")

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a stage."""
        with self._lock:
            fresh = stage != self._stage
            if fresh:
                self._enter(stage)
            self._done, self._total = done, max(1, total)
            if stage == "reading":
                self._pixels = total
            # A terminal is slower than the work that small tiles are.
            if fresh or done >= total or time.monotonic() - self._drawn > _PAUSE_S:
                self._draw()

    def begin(self, name: str) -> None:
        """Start anew with another file; `name` stands before the label."""
        with self._lock:
            self._name, self._pixels = name, 0
            self._enter("starting")
            self._draw()

    def hide(self) -> None:
        """Make room for other lines."""
        with self._lock:
            if self._stream is not None and self._shown:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
            self._shown = False

    def tick(self) -> None:
        """Show how time passes, where the line is shown at all."""
        with self._lock:
            if self._shown:
                self._draw()

    def _enter(self, stage: str) -> None:
        self._stage, self._done, self._total = stage, 0, 1
        self._since = time.monotonic()

    def _draw(self) -> None:
        if self._stream is None:
            return
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + self.compose()[:width] + "\x1b[K")
        self._stream.flush()
        self._shown, self._drawn = True, time.monotonic()

    def compose(self) -> str:
        """Return the line as it is now."""
        share = min(1.0, self._done / self._total)
        parts = [self._name] if self._name else []
        parts.append(f"{_LABELS.get(self._stage, self._stage):<19}")
        if self._total > 1:
            parts.append(f"[{'#' * round(share * _BAR):<{_BAR}}] {share:4.0%}")
        return "  ".join([*parts, *self._measure(share)])

    def _measure(self, share: float) -> Iterator[str]:
        """Yield the amount, the rate and the time left, as far as each is known."""
        amount, unit = self._pixels / 1e6, "MP"
        if self._stage.startswith("fetching"):
            amount, unit = self._total / 1e6, "MB"
        if amount >= 0.95:
            yield f"{amount:.0f} {unit}"
        seconds = time.monotonic() - self._since
        if self._total > 1 and 0.02 < share < 1 and seconds > 0.5:
            if self._stage != "coarse" and amount >= 0.95:
                yield f"{share * amount / seconds:.1f} {unit}/s"
            yield f"{seconds / share - seconds:.0f} s left"
        elif seconds >= 1:
            yield f"{seconds:.0f} s"


Line = TypeVar("Line", bound=Bar)


def bar(shown: bool) -> AbstractContextManager[Bar]:
    """Show a bar on standard error, where `shown`, and take it away at the end."""
    return show(Bar(sys.stderr if shown else None))


@contextlib.contextmanager
def show(line: Line) -> Iterator[Line]:
    """Show a bar at once, let its time pass, and take it away at the end."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_TICK_S):
            line.tick()

    watcher = threading.Thread(target=watch, daemon=True)
    line.begin("")
    watcher.start()
    try:
        yield line
    finally:
        over.set()
        watcher.join()
        line.hide()
