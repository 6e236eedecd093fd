from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from serving import noisy_disc

from .bare import ROOT, run_uv


@pytest.fixture(scope="session")
def dists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source archive, built once."""
    folder = tmp_path_factory.mktemp("dist")
    run_uv("build", "-q", "--out-dir", folder, ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph of sorts, whose name holds a space and a letter beyond ASCII."""
    path = tmp_path_factory.mktemp("picture") / "ein Bild für alle.png"
    Image.fromarray(noisy_disc(320, 240)).save(path)
    return path
