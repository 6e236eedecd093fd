"""Waiting for what must become true: on a busy machine it takes as long as it takes."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(true: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
    """Wait until `true()` is; fail the test with `what` was waited for when it never is."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, f"not within {limit_s:g} s: {what}"
        time.sleep(0.02)
