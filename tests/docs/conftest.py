"""An empty home whose local server ends with the test."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def local_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    monkeypatch.setenv("FRISKET_HOME", str(folder))
    monkeypatch.delenv("FRISKET_TOKEN", raising=False)
    yield folder
    for state in folder.glob("run/server*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(state.read_text())["pid"], 9)
