"""Figures for benchmarks: nothing is written unless FRISKET_MARKS names a file."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


def keep(marks: dict[str, float]) -> None:
    """Write when what happened, and this process's greatest memory, for a benchmark."""
    path = os.environ.get("FRISKET_MARKS")
    if path:
        figures = {**marks, "complete": time.time(), "peak_kib": _read_peak_kib()}
        Path(path).write_text(json.dumps(figures), encoding="utf-8")


def _read_peak_kib() -> float:
    """Return this process's greatest resident memory; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    peaks = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return float(next(peaks, "0"))
