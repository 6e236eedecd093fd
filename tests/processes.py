"""Processes that a test waits for: one that ended may still be listed until it is reaped."""

from __future__ import annotations

import contextlib
import time

import psutil


def is_gone(pid: int) -> bool:
    """Return whether the process `pid` ended, be it reaped already or not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def wait_until_gone(pid: int, limit_s: float = 20.0) -> None:
    """Wait for the end of the process `pid`; fail the test where it does not come."""
    end = time.monotonic() + limit_s
    while not is_gone(pid):
        assert time.monotonic() < end, f"process {pid} did not leave within {limit_s:g} s"
        time.sleep(0.05)
