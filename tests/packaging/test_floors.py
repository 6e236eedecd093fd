"""The oldest releases that pyproject.toml allows still carry the core of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bare import ROOT, Bare, check_commands, check_cut, find_python, make_bare, run_uv

CORE = [ROOT / "tests" / room for room in ("client", "protocol", "server", "matting")]
TOOLS = ["pytest", "pytest-timeout", "hypothesis", "psutil", "scikit-image", "pooch", "psd-tools"]
LOWEST = ["--only-binary", ":all:", "--resolution", "lowest-direct"]


def list_floors(python: str) -> str:
    extras = ("--extra", "server", "--extra", "raw", "--no-header", "--no-annotate")
    return run_uv("pip", "compile", "-q", "-p", python, *LOWEST, *extras, ROOT / "pyproject.toml")


def make_old(folder: Path, wheel: Path, python: str, *tools: str) -> Bare:
    """Return an environment with the wheel and the oldest of all that it needs."""
    floors = folder / "floors.txt"
    floors.write_text(list_floors(python), encoding="utf-8")
    return make_bare(folder, ["-c", floors, "-r", floors, wheel, *tools], python)


@pytest.mark.packaging
def test_the_core_of_the_suite_passes_at_the_floors(tmp_path: Path, dists: dict[str, Path]) -> None:
    bare = make_old(tmp_path, dists["wheel"], find_python("3.10"), *TOOLS)
    # The wheel is tested, not the checkout: nothing below ROOT is on the path.
    command = [bare.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    done = bare.run(*command, "-c", ROOT / "pyproject.toml", *CORE, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.packaging
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_cut_works_at_the_floors(
    tmp_path: Path, dists: dict[str, Path], picture: Path, version: str
) -> None:
    """Newer Pythons have floors of their own: the first release with wheels for them."""
    bare = make_old(tmp_path, dists["wheel"], find_python(version))
    check_commands(bare)
    check_cut(bare, picture)
