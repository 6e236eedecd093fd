"""A real server on a real socket, and small pictures to send it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty FRISKET_HOME; a local server that was started there is stopped afterwards."""
    folder = tmp_path / "home"
    monkeypatch.setenv("FRISKET_HOME", str(folder))
    monkeypatch.delenv("FRISKET_TOKEN", raising=False)
    yield folder
    for state in folder.glob("run/server*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(state.read_text())["pid"], 9)


@pytest.fixture(scope="session")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG of 900 x 600 px with one subject."""
    path = tmp_path_factory.mktemp("pictures") / "disc.png"
    Image.fromarray(noisy_disc(900, 600)).save(path)
    return path
