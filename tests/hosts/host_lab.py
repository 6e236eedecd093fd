"""A lab folder with plug-ins installed, and programs run in it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frisket.cli import plugin_bundle
from frisket.cli.plugin_places import Place
from frisket.cli.plugins import install

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRIPT = ROOT / "scripts" / "hosts.sh"
# What a host writes that people want to look at afterwards.
SHOTS = ROOT / "screenshots"


@dataclass(frozen=True)
class Lab:
    """A folder that the host sees as /lab."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def results(self) -> dict[str, dict[str, object]]:
        path = self.folder / "results.json"
        assert path.exists(), "the host left no results"
        return json.loads(path.read_text())  # type: ignore[no-any-return]


def install_plugin(host: str, lab: Lab) -> None:
    """Install a plug-in for a host that sees the lab as /lab, with a command that asks us."""
    folder = lab.folder / ("gimp3/plug-ins" if host == "gimp" else "data/krita")
    config = lab.folder / "config" / "kritarc" if host == "krita" else None
    place = Place(host, "lab", folder, config)
    install(place)
    record = plugin_bundle.inner_folder(host, folder) / "install.json"
    facts = json.loads(record.read_text())
    facts.update(command=["/bin/sh", "/lab/start.sh"], home="/lab/home")
    record.write_text(json.dumps(facts))
    (lab.folder / "start.sh").write_text("touch /lab/start-me; sleep 20\n")


class Starter:
    """Starts a server when a host's plug-in asks for one through `start-me`."""

    def __init__(self, lab: Lab, start: Callable[[], None]) -> None:
        self._lab = lab
        self._start = start
        self._stop = threading.Event()
        self.started = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        wish = self._lab.folder / "start-me"
        while not self._stop.wait(0.1):
            if wish.exists():
                wish.unlink()
                self.started += 1
                self._start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)


def run_inside(lab: Lab, command: list[str], env: dict[str, str], timeout: float) -> str:
    """Run a command in the tree; return its output."""
    words = [f"{key}={value}" for key, value in env.items()]
    started = time.monotonic()
    done = subprocess.run(
        [SCRIPT, "run", lab.folder, *words, *command],
        capture_output=True,
        text=True,
        timeout=timeout,
        errors="replace",
    )
    output = done.stdout + done.stderr
    (lab.folder / "output.txt").write_text(output)
    print(f"{command[0]}: {time.monotonic() - started:.1f} s, status {done.returncode}")
    return output


def krita_cases() -> list[str]:
    """The names of the cases that run inside Krita."""
    body = ast.parse((HERE / "krita_cases.py").read_text()).body
    functions = (node.name for node in body if isinstance(node, ast.FunctionDef))
    return [name for name in functions if name.startswith("case_")]


def prepare_krita(lab: Lab) -> None:
    """Install the plug-in and the driver that runs the cases."""
    install_plugin("krita", lab)
    plugins = lab.folder / "data" / "krita" / "pykrita"
    shutil.copytree(HERE / "krita_driver", plugins, dirs_exist_ok=True)
    config = lab.folder / "config" / "kritarc"
    config.write_text(config.read_text() + "enable_frisket_driver=true\n")
    for name in ("krita_cases.py", "krita_kit.py", "krita_window.sh"):
        shutil.copy(HERE / name, lab.folder)
