"""What was waited for, from many threads and processes."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

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
    _digests: dict[Hashable, str] = field(default_factory=dict)
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

    def compare(self, key: Hashable, digest: str) -> None:
        """Note what a scene became; it must be the same every time."""
        with self._lock:
            self.differing += self._digests.setdefault(key, digest) != digest

    def join(self, other: Record) -> None:
        """Take over what another process noted; scenes are compared across both."""
        for key, digest in other._digests.items():
            self.compare(key, digest)
        with self._lock:
            for kind, values in other.seconds.items():
                self.seconds[kind].extend(values)
            self.job_tiles += other.job_tiles
            self.chaos.update(other.chaos)
            self.failures.extend(other.failures)
            self.differing += other.differing

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock behind, which no other process can have."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a lock of this process."""
        self.__dict__.update(state, _lock=threading.Lock())


class Until:
    """The end of a part of the test.

    Args:
        seconds: from now, or from when it is begun anew.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Count from now."""
        self._end = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        """Tell whether it is reached."""
        return time.monotonic() >= self._end

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        time.sleep(max(0.0, min(seconds, self._end - time.monotonic())))
