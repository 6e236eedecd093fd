"""The oldest releases that pyproject.toml allows still carry the core of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bare import ROOT, find_python, make_bare, run_uv

CORE = [ROOT / "tests" / room for room in ("client", "protocol", "server", "matting")]
TOOLS = ["pytest", "pytest-timeout", "hypothesis", "psutil", "scikit-image", "pooch", "psd-tools"]
LOWEST = ["--only-binary", ":all:", "--resolution", "lowest-direct"]


def list_floors(python: str) -> str:
    extras = ("--extra", "server", "--extra", "raw", "--no-header", "--no-annotate")
    return run_uv("pip", "compile", "-q", "-p", python, *LOWEST, *extras, ROOT / "pyproject.toml")


@pytest.mark.packaging
@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_the_core_of_the_suite_passes_at_the_floors(
    tmp_path: Path, dists: dict[str, Path], version: str
) -> None:
    python = find_python(version)
    floors = tmp_path / "floors.txt"
    floors.write_text(list_floors(python), encoding="utf-8")
    pinned = ["-c", floors, "-r", floors, dists["wheel"]]
    bare = make_bare(tmp_path, [*pinned, *TOOLS], python)
    # The wheel is tested, not the checkout: nothing below ROOT is on the path.
    command = [bare.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    done = bare.run(*command, "-c", ROOT / "pyproject.toml", *CORE, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:]
