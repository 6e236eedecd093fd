"""How fast a batch goes and how long it still takes."""

from __future__ import annotations

import threading
import time

_LEAST_FILES = 3
_LEAST_S = 2.0


class Pace:
    """Counts what is done; any thread may. The clock stands still while there is nothing to do."""

    def __init__(self) -> None:
        self.total = self._bytes = 0
        self.done, self.megapixels = 0, 0.0
        self._seen_bytes = 0
        self._before, self._since = 0.0, time.monotonic()
        self._lock = threading.Lock()

    def expect(self, size: int) -> None:
        """Count a result that is to be done; its input's size in bytes."""
        with self._lock:
            if self.done == self.total:
                self._since = time.monotonic()
            self.total += 1
            self._bytes += size

    def count(self, size: int, megapixels: float) -> None:
        """Count a result that is done with, whatever became of it."""
        with self._lock:
            self.done += 1
            self._seen_bytes += size
            self.megapixels += megapixels
            self._look_at_clock()

    def withdraw(self, size: int) -> None:
        """Count a result no more that was to be done."""
        with self._lock:
            self.total -= 1
            self._bytes -= size
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        if self.done == self.total:
            self._before += time.monotonic() - self._since

    @property
    def seconds(self) -> float:
        """How long something was to be done."""
        running = 0.0 if self.done == self.total else time.monotonic() - self._since
        return self._before + running

    @property
    def rate(self) -> float:
        """Megapixels in a second; 0 before anything is done."""
        return self.megapixels / self.seconds if self.megapixels else 0.0

    def seconds_left(self) -> float | None:
        """Return how long the rest takes, or None while too little was seen.

        Half of what is left goes by files, half by bytes: a model run costs the same for every
        file, and all else grows with it.
        """
        if self.done < _LEAST_FILES or self.seconds < _LEAST_S:
            return None
        by_files = (self.total - self.done) / self.done
        by_bytes = (self._bytes - self._seen_bytes) / max(1, self._seen_bytes)
        return self.seconds * (by_files + max(0.0, by_bytes)) / 2
