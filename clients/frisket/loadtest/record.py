"""What was waited for, from many threads."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

MASK, TILE, EDGE, MODEL = "first_mask_s", "tile_s", "edge_s", "model_s"


@dataclass
class Record:
    """Seconds by kind, tiles of jobs, failures, and the bytes that each scene became.

    Attributes:
        seconds: of every wait, by kind.
        job_tiles: tiles that jobs have had back.
        chaos: disturbances, by kind.
        failures: sentences.
        differing: scenes whose alpha was not the same every time.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    job_tiles: int = 0
    chaos: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    differing: int = 0
    _digests: dict[object, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, kind: str, seconds: float) -> None:
        """Note how long somebody waited."""
        with self._lock:
            self.seconds[kind].append(seconds)

    def count_tile(self) -> None:
        """Note a tile of a job."""
        with self._lock:
            self.job_tiles += 1

    def disturb(self, kind: str) -> None:
        """Note a disturbance."""
        with self._lock:
            self.chaos[kind] += 1

    def fail(self, who: str, error: BaseException) -> None:
        """Note a failure that nobody asked for."""
        with self._lock:
            self.failures.append(f"{who}: {error}")

    def compare(self, key: object, digest: str) -> None:
        """Note what a scene became; it must be the same every time."""
        with self._lock:
            self.differing += self._digests.setdefault(key, digest) != digest


class Until:
    """The end of a part of the test.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._over = threading.Event()

    def is_over(self) -> bool:
        """Tell whether it is reached."""
        return self._over.is_set() or time.monotonic() >= self._end

    def finish(self) -> None:
        """Reach it now."""
        self._over.set()

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        left = self._end - time.monotonic()
        self._over.wait(max(0.0, min(seconds, left)))
