"""Real hosts for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test modules are no package: what they share is found by its folder.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from echo_server import EchoServer
from host_lab import SCRIPT, Lab, Mortals, Starter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tree" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.hosts)


@pytest.fixture(scope="session")
def tree() -> Path:
    """The Debian tree with GIMP 3 and Krita 5.2; prepared by `make test-hosts`."""
    if not os.environ.get("FRISKET_TEST_HOSTS"):
        pytest.skip("needs real hosts: make test-hosts")
    if os.geteuid() != 0:
        pytest.skip("entering the hosts' tree needs root")
    try:
        done = subprocess.run([SCRIPT, "prepare"], capture_output=True, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        pytest.skip("the hosts' tree was not prepared within 15 minutes: a slow mirror?")
    if done.returncode:
        pytest.skip(f"the hosts' tree cannot be prepared here: {done.stderr.strip()[-500:]}")
    root = subprocess.run([SCRIPT, "root"], capture_output=True, text=True, check=True)
    return Path(root.stdout.strip())


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    each = Lab(folder)
    (each.home / "run").mkdir(parents=True)
    yield each
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[EchoServer]:
    """The echo server, announced in the lab; started again when a plug-in asks for it.

    A case that wants to kill a server asks for another one by the file `mortal-me`.
    """
    running, mortals = EchoServer(lab.home), Mortals(lab)
    starters = [
        Starter(lab, lambda: running.announce(lab.home)),
        Starter(lab, mortals.start, "mortal-me"),
        Starter(lab, mortals.start_with_tls, "mortal-tls"),
    ]
    yield running
    for starter in starters:
        starter.close()
    mortals.close()
    running.stop()
