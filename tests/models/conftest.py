from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from frisket.models import DownloadFailed, Registry

from .web import Handler

SHARED = Path(os.environ.get("FRISKET_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "home")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Where the registry's models lie."""
    return tmp_path / "home" / "models"


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server of one file."""
    Handler.cut_at, Handler.stall_at, Handler.ranges = None, None, []
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="session")
def u2netp_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The genuine weights: FRISKET_U2NETP, or fetched once for all tests."""
    if named := os.environ.get("FRISKET_U2NETP"):
        return Path(named)
    home = tmp_path_factory.mktemp("u2netp")
    try:
        Registry(home).pull("u2netp")
    except DownloadFailed as error:
        pytest.skip(str(error))
    return home / "models" / "u2netp" / "u2netp.onnx"


@pytest.fixture
def u2netp(tmp_path: Path, u2netp_weights: Path) -> Registry:
    """A registry with real weights."""
    folder = tmp_path / "home" / "models" / "u2netp"
    folder.mkdir(parents=True)
    shutil.copyfile(u2netp_weights, folder / "u2netp.onnx")
    return Registry(tmp_path / "home")


@pytest.fixture
def subject() -> np.ndarray:
    """An orange disc before a blue ramp, (120, 160, 3)."""
    y, x = np.mgrid[:120, :160]
    picture = np.stack([40 + x // 4, 60 + y // 4, 180 + 0 * x], axis=2).astype(np.uint8)
    picture[(y - 60) ** 2 + (x - 80) ** 2 < 35**2] = (230, 130, 20)
    return picture
