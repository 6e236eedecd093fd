"""Figures for benchmarks: nothing is written unless FRISKET_MARKS names a file."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from frisket.protocol.memory import peak_bytes


def keep(marks: dict[str, float]) -> None:
    """Write when what happened, and this process's greatest memory, for a benchmark."""
    path = os.environ.get("FRISKET_MARKS")
    if path:
        figures = {**marks, "complete": time.time(), "peak_kib": peak_bytes() / 1024}
        Path(path).write_text(json.dumps(figures), encoding="utf-8")
