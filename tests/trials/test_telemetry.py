"""A server with a model calls nobody, and writes nothing outside frisket's home."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lengths import pick
from trials.kit import posix, say

pytestmark = posix

PEER = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([^\"]+)\"")
LOOPBACK = ("127.", "::1", "::ffff:127.")


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None or subprocess.run([found, "true"], capture_output=True).returncode:
        pytest.skip("strace cannot be used here")
    return found


def test_the_server_calls_nobody(tmp_path: Path, strace: str) -> None:
    for name in ("user", "temporary"):
        (tmp_path / name).mkdir()
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment = {**kept, "FRISKET_HOME": str(tmp_path / "home"), "HOME": str(tmp_path / "user")}
    environment |= {"TMPDIR": str(tmp_path / "temporary"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("XDG_CACHE_HOME", None)
    trace = tmp_path / "trace"
    server = subprocess.Popen(
        [strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace),
         sys.executable, "-m", "frisket.server", "--model", "embedded"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        assert "serves on" in server.stdout.readline()
        time.sleep(pick(4, 20))  # what calls home does so a while later
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)
    peers = PEER.findall(trace.read_text(errors="replace"))
    strangers = {peer for port, peer in peers if port == "53" or not peer.startswith(LOOPBACK)}
    written = [each for name in ("user", "temporary") for each in (tmp_path / name).rglob("*")]
    say("telemetry", peers=len(peers), strangers=len(strangers), written=len(written))
    assert not strangers and not written
