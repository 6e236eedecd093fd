"""How many pictures a second are shown, how long after they were taken, and where that goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

RANGE_S = 10.0
"""Seconds that figures are averaged over."""
_MOST = 2000  # pictures that are remembered


class Meter:
    """Figures of the pictures of the last ten seconds.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._shown: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._stages: dict[str, deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def count(self, taken_s: float) -> None:
        """Count a picture that was taken then and is shown now."""
        now = self._clock()
        with self._lock:
            self._shown.append((now, now - taken_s))

    def note(self, stage: str, seconds: float) -> None:
        """Count what a stage has taken."""
        now = self._clock()
        with self._lock:
            self._stages.setdefault(stage, deque(maxlen=_MOST)).append((now, seconds))

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count what a block takes."""
        started = self._clock()
        yield
        self.note(stage, self._clock() - started)

    def read_stages(self) -> dict[str, float]:
        """Return the mean milliseconds of every stage over the range."""
        now = self._clock()
        with self._lock:
            found = {
                stage: [seconds for at, seconds in noted if now - at < RANGE_S]
                for stage, noted in self._stages.items()
            }
        return {name: sum(rows) / len(rows) * 1e3 for name, rows in found.items() if rows}

    def read(self) -> dict[str, float]:
        """Return pictures a second now and over the range, the least and most, and the latency.

        Returns:
            `fps` of the last second, `fps_mean`, `fps_least` and `fps_most` of whole seconds in
            the range, `latency_ms` and `latency_most_ms` in it.
        """
        now = self._clock()
        with self._lock:
            found = [(now - at, late) for at, late in self._shown if now - at < RANGE_S]
        if not found:
            return dict.fromkeys(
                ("fps", "fps_mean", "fps_least", "fps_most", "latency_ms", "latency_most_ms"), 0.0
            )
        whole = max(1, min(int(RANGE_S), int(max(age for age, _ in found)) or 1))
        rates = [sum(second <= age < second + 1 for age, _ in found) for second in range(whole)]
        delays = [late * 1e3 for _, late in found]
        return {
            "fps": float(rates[0]), "fps_mean": sum(rates) / whole, "fps_least": float(min(rates)),
            "fps_most": float(max(rates)), "latency_ms": sum(delays) / len(delays),
            "latency_most_ms": max(delays),
        }  # fmt: skip
