"""The Krita plug-in's Qt parts with PyQt6, which Krita 6 uses; see qt6_parts.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from host_lab import HERE, ROOT


@pytest.fixture(scope="module")
def binding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PyQt6, in a folder of its own: nothing else of frisket needs it."""
    if not os.environ.get("FRISKET_TEST_HOSTS"):
        pytest.skip("installs PyQt6: make test-hosts")
    folder = tmp_path_factory.mktemp("pyqt6")
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), "PyQt6"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"PyQt6 cannot be installed here: {done.stderr.strip()[-300:]}")
    check = [sys.executable, "-c", "import PyQt6.QtWidgets"]
    done = subprocess.run(check, capture_output=True, text=True, env=environment(folder))
    if done.returncode:
        pytest.skip(f"PyQt6 does not load here: {done.stderr.strip()[-200:]}")
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "QT_QPA_PLATFORM": "offscreen"}


def test_qt_parts(binding: Path) -> None:
    command = [sys.executable, HERE / "qt6_parts.py", ROOT / "clients/krita/pykrita"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment(binding)
    )
    assert done.returncode == 0, done.stderr
    assert "all well" in done.stdout
