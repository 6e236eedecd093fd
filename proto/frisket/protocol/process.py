"""Tells whether a process number still means the process that it once meant.

A number is given to another process after its owner has gone. The time at which a process
started tells the two apart. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path


def mark_process(pid: int) -> str:
    """Return a text that only this very process has, or "" where none can be had.

    It holds when the process started and, on Linux, the space that its number belongs to.
    """
    start = _read_start(pid)
    return f"{_number_space()} {start}" if start else ""


def is_running(pid: int, mark: str) -> bool:
    """Tell whether the process that `mark_process` marked still runs.

    True too when this cannot be known: without a mark, or from inside a sandbox that has
    process numbers of its own.
    """
    space = mark.partition(" ")[0]
    return not mark or space != _number_space() or mark_process(pid) == mark


def _number_space() -> str:
    # Flatpak, snap and containers count processes on their own.
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return sys.platform


def _read_start(pid: int) -> str:
    """Return when a process started, in whatever unit; "" when there is no such process."""
    if pid <= 0:
        return ""
    if sys.platform == "linux":
        return _read_start_linux(pid)
    if sys.platform == "win32":
        return _read_start_windows(pid)
    return _read_start_unix(pid)


def _read_start_linux(pid: int) -> str:
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        # The name in brackets may hold anything; the fields behind it are numbered from 3.
        fields = text.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def _read_start_unix(pid: int) -> str:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    fixed = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=fixed)
        return "-".join(done.stdout.split())
    return ""


def _read_start_windows(pid: int) -> str:
    import ctypes

    query_limited, still_active = 0x1000, 259
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(query_limited, False, pid)
    if not handle:
        return ""
    handle = ctypes.c_void_p(handle)
    try:
        created, other, status = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.c_uint32()
        rest = [ctypes.byref(other)] * 3
        known = kernel.GetProcessTimes(handle, ctypes.byref(created), *rest)
        kernel.GetExitCodeProcess(handle, ctypes.byref(status))
        return str(created.value) if known and status.value == still_active else ""
    finally:
        kernel.CloseHandle(handle)
