"""A local server of a home of its own, and a folder of pictures with subjects."""

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
def home(_shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FRISKET_HOME with a model that needs no weights as its setting, and nothing else set."""
    for name in ("TOKEN", "MODEL", "SERVER", "DEVICE", "QUALITY"):
        monkeypatch.delenv(f"FRISKET_{name}", raising=False)
    monkeypatch.setenv("FRISKET_HOME", str(_shared_home))
    (_shared_home / "config.toml").write_text('model = "fake"\n')
    return _shared_home


@pytest.fixture
def work(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a folder `in` that holds a.jpg, b.png and more/c.jpg."""
    place = tmp_path / "work"
    (place / "in" / "more").mkdir(parents=True)
    monkeypatch.chdir(place)
    for seed, name in enumerate(("a.jpg", "b.png", "more/c.jpg")):
        Image.fromarray(noisy_disc(300, 200, seed)).save(place / "in" / name)
    return place
