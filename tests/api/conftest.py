"""A local server of a home of its own, started by the first call, as a user's is."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import noisy_disc

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="session", autouse=True)
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRISKET_HOME", str(folder))
        patch.delenv("FRISKET_TOKEN", raising=False)
        yield folder
    for state in folder.glob("run/server*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(state.read_text())["pid"], 9)


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """RGB of one subject in the middle."""
    return noisy_disc(WIDTH, HEIGHT)


@pytest.fixture
def portrait(tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The picture of the examples, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(pixels).save("portrait.png")
    return tmp_path / "portrait.png"
