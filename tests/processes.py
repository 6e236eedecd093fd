"""Processes that a test waits for: one that ended may still be listed until it is reaped."""

from __future__ import annotations

import contextlib
import struct

import psutil
from waiting import wait_until


def is_gone(pid: int) -> bool:
    """Return whether the process `pid` ended, be it reaped already or not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def wait_until_gone(pid: int, limit_s: float = 60.0) -> None:
    """Wait for the end of the process `pid`; fail the test where it does not come."""
    wait_until(lambda: is_gone(pid), f"the end of process {pid}", limit_s)


def wait_until_busy(pid: int, cpu_s: float = 0.2) -> None:
    """Wait until the process `pid` has computed for `cpu_s` seconds more than now."""
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    wait_until(lambda: sum(process.cpu_times()[:2]) - before > cpu_s, f"process {pid} to work")


def count_unread(pid: int) -> int:
    """Return how many bytes wait in the pipe that is the standard input of the process `pid`.

    Linux only.
    """
    import fcntl
    import termios

    with open(f"/proc/{pid}/fd/0", "rb") as pipe:  # noqa: PTH123
        (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(count)
