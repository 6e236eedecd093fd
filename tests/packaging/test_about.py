"""Name, version and extras are told from one place, and strangers of the same name are seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import frisket
from frisket.about import DISTRIBUTION, VERSION

ROOT = Path(__file__).resolve().parents[2]
ADVISE = "from frisket.extras import advise_install; print(advise_install('{extra}'))"
SHADOW = "from frisket.extras import find_shadow; print(find_shadow())"


def run_python(code: str, *first: Path) -> str:
    """Run code in a Python that looks into the folders given before all others."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, first))},
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def install(folder: Path, name: str) -> Path:
    """Make a folder in which Python finds the metadata of a distribution."""
    about = folder / f"{name.replace('-', '_')}-1.0.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    return folder


def test_the_committed_module_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate_about.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_python_and_the_command_tell_the_same_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "frisket", "--version"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"frisket {VERSION}\n"
    assert frisket.__version__ == VERSION


@pytest.mark.parametrize(
    ("installed", "extra", "advised"),
    [
        ("onnxruntime-gpu", "server", 'pip install ".[gpu]"'),
        ("onnxruntime-gpu", "raw", 'pip install ".[raw]"'),
        ("onnxruntime", "gpu", 'pip uninstall onnxruntime, then pip install ".[gpu]"'),
        ("onnxruntime", "server", 'checkout: pip install ".[server]"'),
    ],
)
def test_advice_never_puts_one_runtime_over_the_other(
    tmp_path: Path, installed: str, extra: str, advised: str
) -> None:
    assert advised in run_python(ADVISE.format(extra=extra), install(tmp_path, installed))


def test_a_stranger_of_the_same_name_is_seen(tmp_path: Path) -> None:
    assert run_python(SHADOW) == "None"
    stranger = tmp_path / "frisket" / "__init__.py"
    stranger.parent.mkdir()
    stranger.write_text('"""Verifies SQL."""\n', encoding="utf-8")
    # Behind our own front door, which joins every folder of the name.
    code = f"import sys; sys.path.append({str(tmp_path)!r}); {SHADOW}"
    assert run_python(code) == str(stranger)


def test_the_name_on_the_index_is_our_own() -> None:
    assert DISTRIBUTION != "frisket"
