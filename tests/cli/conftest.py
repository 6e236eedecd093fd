"""One local server for all commands of this room, started by the first of them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from serving import noisy_disc


@pytest.fixture(scope="session")
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    yield folder
    for state in folder.glob("run/server*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(state.read_text())["pid"], 9)


@pytest.fixture
def home(_shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """FRISKET_HOME with a model that needs no weights as its setting, and nothing else set."""
    for name in ("TOKEN", "MODEL", "SERVER", "DEVICE", "QUALITY"):
        monkeypatch.delenv(f"FRISKET_{name}", raising=False)
    monkeypatch.setenv("FRISKET_HOME", str(_shared_home))
    config = _shared_home / "config.toml"
    config.write_text('model = "fake"\n')
    yield _shared_home
    config.unlink(missing_ok=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with two pictures that have a subject."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    Image.fromarray(noisy_disc(300, 200)).save(place / "a.jpg")
    Image.fromarray(noisy_disc(260, 200)).save(place / "b.png")
    return place
