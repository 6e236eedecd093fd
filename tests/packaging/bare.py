"""Bare environments, filled by uv in seconds, and what a newcomer does in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from frisket.about import VERSION

ROOT = Path(__file__).resolve().parents[2]
_HELPS = Path(__file__).with_name("read_helps.py")
_HERE = Path(sys.executable).parent
# What uv says when no index answers; then nothing here can be judged.
_OFFLINE = re.compile(r"dns error|error sending request|Failed to fetch|Could not connect")


def find_uv() -> str:
    """Return uv, of this environment or on the path; the test is skipped without."""
    uv = shutil.which("uv", path=str(_HERE)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    return uv


def run_uv(*words: object) -> str:
    """Run uv and return what it prints; the test is skipped when no package index answers."""
    done = subprocess.run(
        [find_uv(), *map(str, words)],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    if done.returncode and _OFFLINE.search(done.stderr):
        pytest.skip(f"no package index answers: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def find_python(version: str) -> str:
    """Return an interpreter of a version, such as "3.12"; the test is skipped without."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    named = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for python in filter(None, named):
        done = subprocess.run([python, "-c", ""], capture_output=True, timeout=60)
        if done.returncode == 0:
            return str(python)
    pytest.skip(f"Python {version} is not installed")


@dataclass(frozen=True)
class Bare:
    """An environment with nothing but what was installed into it, and a home of its own."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        return self.bin / ("python.exe" if sys.platform == "win32" else "python")

    @property
    def environ(self) -> dict[str, str]:
        """This process's variables without those that lead into another environment."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return {**kept, "FRISKET_HOME": str(self.folder / "home")}

    def run(self, *words: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, words)), env=self.environ, cwd=self.folder,
            capture_output=True, text=True, encoding="utf-8", timeout=timeout,
        )  # fmt: skip

    def frisket(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self.run(self.bin / "frisket", *words)

    def stop_servers(self) -> None:
        """End the servers that commands here have started, as their announcements name them."""
        for state in (self.folder / "home" / "run").glob("*.json"):
            pid = json.loads(state.read_text(encoding="utf-8")).get("pid")
            if pid:
                os.kill(pid, signal.SIGTERM)


def make_bare(folder: Path, requirements: Sequence[object], python: str = sys.executable) -> Bare:
    """Return an environment in `folder` with the requirements, as uv options too, in it."""
    bare = Bare(folder)
    run_uv("venv", "-q", "--python", python, folder / "env")
    run_uv("pip", "install", "-q", "--python", bare.python, *requirements)
    return bare


def check_commands(bare: Bare) -> None:
    """Check that every command explains itself, and that none ends in a traceback."""
    done = bare.run(bare.python, _HELPS)
    assert done.returncode == 0, done.stderr
    read = set(done.stdout.splitlines())
    assert read >= {"", "cut", "serve", "models", "models pull", "plugins install", "doctor"}
    assert bare.frisket("--version").stdout == f"frisket {VERSION}\n"
    packed = bare.frisket("plugins", "pack", "plug-ins")
    assert packed.returncode == 0, packed.stderr


def check_cut(bare: Bare, picture: Path) -> None:
    output = bare.folder / "a cutout.png"
    try:
        done = bare.frisket("cut", picture, "-o", output)
        assert done.returncode == 0, done.stderr
        low, high = Image.open(output).convert("RGBA").getchannel("A").getextrema()
        assert (low, high) == (0, 255)
        doctor = bare.frisket("doctor")
        assert doctor.returncode == 0, doctor.stdout
    finally:
        bare.stop_servers()


def check_refusal(bare: Bare, picture: Path) -> None:
    """Check that what needs a server here says so in one sentence, with the way out."""
    done = bare.frisket("cut", picture, "-o", bare.folder / "out.png")
    assert done.returncode not in (0, 1), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    doctor = bare.frisket("doctor")
    assert "Traceback" not in doctor.stdout + doctor.stderr + done.stderr
