"""A lab folder with plug-ins installed, and programs run in it."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lengths import WHOLE

from frisket.cli.plugin_places import HOSTS, Place
from frisket.cli.plugins import install
from frisket.hosts.conformance import list_checks

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRIPT = ROOT / "scripts" / "hosts.sh"
# Runs what follows with a disk of one megabyte, for a case to fill.
_MOUNT = 'mkdir -p /lab/full; mount -t tmpfs -o size=1m tmpfs /lab/full; exec "$@"'
SMALL_DISK = ("sh", "-c", _MOUNT, "sh")
# On a busy machine a new connection may take longer than the plug-in waits: not for every run.
WHOLE_ONLY = {"case_a_connection_dies_without_a_word"}
# What a host writes that people want to look at afterwards.
SHOTS = ROOT / "screenshots"


@dataclass(frozen=True)
class Lab:
    """A folder that the host sees as /lab."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"


def install_plugin(host: str, lab: Lab) -> None:
    """Install a plug-in for a host that sees the lab as /lab, with a command that asks us."""
    folder = lab.folder / ("gimp3/plug-ins" if host == "gimp" else "data/krita")
    config = lab.folder / "config" / "kritarc" if host == "krita" else None
    place = Place(HOSTS[host], "lab", folder, config)
    install(place)
    record = place.plugin / "install.json"
    facts = json.loads(record.read_text())
    facts.update(command=["/bin/sh", "/lab/start.sh"], home="/lab/home")
    record.write_text(json.dumps(facts))
    (lab.folder / "start.sh").write_text("touch /lab/start-me; sleep 55\n")


class Starter:
    """Starts a server when a plug-in, or a case, asks for one through a file in the lab."""

    def __init__(self, lab: Lab, start: Callable[[], None], wish: str = "start-me") -> None:
        self._wish = lab.folder / wish
        self._start = start
        self._stop = threading.Event()
        self.started = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            if self._wish.exists():
                self._wish.unlink()
                self.started += 1
                self._start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)


class Mortals:
    """Echo servers in processes of their own, for a case to kill."""

    def __init__(self, lab: Lab) -> None:
        self._command = [sys.executable, str(HERE / "echo_server.py"), str(lab.home)]
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> None:
        """Start one, which announces itself in the lab."""
        self._running.append(subprocess.Popen([*self._command, *options]))

    def start_with_tls(self) -> None:
        """Start one with a certificate of its own, which is no local server."""
        folder = Path(self._command[-1])
        key, certificate = folder / "tls.key", folder / "tls.pem"
        make_certificate(key, certificate)
        self.start(str(key), str(certificate))

    def close(self) -> None:
        for each in self._running:
            each.kill()
            each.wait()


def make_certificate(key: Path, certificate: Path) -> None:
    """Write a key, and a certificate for this machine that it signed."""
    command = (
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def alone() -> Iterator[None]:
    """One host at a time on this machine: another run of the tests waits for its turn."""
    tree = subprocess.run([SCRIPT, "root"], capture_output=True, text=True, check=True)
    cache = Path(tree.stdout.strip()).parent
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_inside(lab: Lab, command: list[str], env: dict[str, str], timeout: float) -> str:
    """Run a command in the tree; return its output."""
    words = [f"{key}={value}" for key, value in env.items()]
    return run_host(lab, [str(SCRIPT), "run", str(lab.folder), *words, *command], timeout)


def run_host(
    lab: Lab, command: Sequence[str], timeout: float, env: Mapping[str, str] | None = None
) -> str:
    """Run a host, alone, and all that it starts; return its output."""
    path = lab.folder / "output.txt"
    with alone(), path.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=env, start_new_session=True
        )
        try:
            status: object = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = f"stopped after {timeout} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    print(f"{command[-1]}: {time.monotonic() - started:.1f} s, status {status}")
    return path.read_text(errors="replace")


def started(run: Callable[[], str], sign: Path) -> str:
    """Run a host; once more, and say so, where it left no sign of having started."""
    output = run()
    if not sign.exists():
        warnings.warn(f"a host did not start and is tried again: {output[-800:]}", stacklevel=2)
        output = run()
    print(output[-3000:])
    return output


def cases(host: str) -> list[str]:
    """The names of the cases that run inside a host; FRISKET_CASES chooses some by hand."""
    chosen = os.environ.get("FRISKET_CASES", "").split()
    rooms = "kit results colours trouble painted kept refused marks words away frames meddled "
    rooms += "scripter keys conformance"
    files = [path for name in rooms.split() if (path := HERE / f"{host}_{name}.py").exists()]
    nodes = (node for path in files for node in ast.parse(path.read_text()).body)
    functions = (node.name for node in nodes if isinstance(node, ast.FunctionDef))
    names = [name for name in functions if name.startswith("case_")]
    names += [f"case_{name}" for name in list_checks()]
    usual = [name for name in names if WHOLE or name not in WHOLE_ONLY]
    return [name for name in names if name in chosen] or usual


def every_case(lab: Lab, run: Callable[[], str], names: Sequence[str]) -> dict[str, Any]:
    """Run a host until every case has a result, and return the results.

    A host that does not start is started once more. One that ends in a case has failed that
    case; the others get a new host, so that one report names all that is wrong. What failed is
    tried once more in a fresh host, and said: a host may end by itself when documents come
    and go within a moment (`krita_kit` says when Krita does).
    """
    results = _run_missing(lab, run, names)
    failed = {name: error for name in names if (error := results.get(name, {}).get("error"))}
    if not failed:
        return results
    for name, error in failed.items():
        warnings.warn(f"{name} failed and is tried again: {error[-300:]}", stacklevel=2)
    rest = {name: one for name, one in results.items() if name not in failed}
    (lab.folder / "results.json").write_text(json.dumps(rest))
    return _run_missing(lab, run, names)


def _run_missing(lab: Lab, run: Callable[[], str], names: Sequence[str]) -> dict[str, Any]:
    for _ in range(4):
        output = run()
        print(output[-3000:])
        path = lab.folder / "results.json"
        results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in names if name not in results]
        if not missing:
            break
        text = f"the host ended before {missing[0]} and is started again: {find_end(output)}"
        warnings.warn(text, stacklevel=2)
    return results


def find_end(output: str) -> str:
    """Return what a host said when it ended: Python's stack where it crashed, or its last words."""
    start = output.rfind("Fatal Python error")
    return output[start:][:1500] if start >= 0 else output[-800:]


def prepare_gimp(lab: Lab) -> None:
    """Install the plug-in, and copy what runs inside GIMP or works it."""
    install_plugin("gimp", lab)
    copy_scripts("gimp", lab)


def prepare_krita(lab: Lab) -> None:
    """Install the plug-in, and the driver that runs the cases."""
    install_plugin("krita", lab)
    plugins = lab.folder / "data" / "krita" / "pykrita"
    shutil.copytree(HERE / "krita_driver", plugins, dirs_exist_ok=True)
    config = lab.folder / "config" / "kritarc"
    config.write_text(config.read_text() + "enable_frisket_driver=true\n")
    copy_scripts("krita", lab)


def copy_scripts(host: str, lab: Lab) -> None:
    """Copy what runs inside a host, and what the hosts share."""
    for path in (HERE / "lab_kit.py", *HERE.glob(f"{host}_*.*")):
        shutil.copy(path, lab.folder)


def keep_shots(lab: Lab) -> None:
    """Keep the pictures of the screen for people to look at."""
    SHOTS.mkdir(exist_ok=True)
    for shot in (lab.folder / "shots").glob("*.png"):
        shutil.copy(shot, SHOTS)
