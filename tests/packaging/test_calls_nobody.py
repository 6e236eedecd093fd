"""A cut with a server that starts for it looks up no host and leaves no file elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CALLS = "trace=connect,sendto,sendmsg,openat,open,creat,mkdir,mkdirat"
PEER = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([^\"]+)\"")
DNS_PORT = "53"  # asked on the loopback too, where a resolver of the system's listens
WRITTEN = re.compile(r"(?:open|openat|creat|mkdir|mkdirat)\((?:AT_FDCWD, )?\"([^\"]+)\"(.*)\) = \d")
LOOPBACK = ("127.", "::1", "::ffff:127.")
SYSTEM = (Path("/dev"), Path("/proc"), Path("/sys"))


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    if subprocess.run([found, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets no process trace another")
    return found


def stop_servers(home: Path) -> None:
    for state in (home / "run").glob("*.json"):
        os.kill(json.loads(state.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)


def list_strangers(trace: str) -> set[str]:
    """Return the peers that are no loopback, and whoever is asked for names of hosts."""
    peers = PEER.findall(trace)
    return {peer for port, peer in peers if port == DNS_PORT or not peer.startswith(LOOPBACK)}


def list_written(trace: str, folder: Path) -> Iterator[Path]:
    """Yield every file that was opened to be written, and every folder that was made."""
    for name, how in WRITTEN.findall(trace):
        if not how.startswith(", O_") or re.search(r"O_WRONLY|O_RDWR|O_CREAT", how):
            yield (folder / name).resolve()


@pytest.mark.parametrize(("peer", "port"), [("192.0.2.1", 443), ("127.0.0.53", 53)])
def test_a_stranger_would_be_seen(tmp_path: Path, strace: str, peer: str, port: int) -> None:
    """An address is given to a socket that sends nothing."""
    code = f"import socket; socket.socket(type=socket.SOCK_DGRAM).connect(({peer!r}, {port}))"
    command = [strace, "-f", "-qq", "-e", CALLS, "-o", "trace.txt", sys.executable, "-c", code]
    subprocess.run(command, cwd=tmp_path, timeout=60, check=False)
    assert list_strangers((tmp_path / "trace.txt").read_text("utf-8")) == {peer}


@pytest.mark.packaging
def test_a_cut_calls_nobody_and_writes_nowhere_else(
    tmp_path: Path, picture: Path, strace: str
) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    trace = tmp_path / "trace.txt"
    command = [sys.executable, "-B", "-m", "frisket", "cut", str(picture), "-o", "out.png"]
    environ = {**os.environ, "FRISKET_HOME": str(home), "TMPDIR": str(temporary)}
    # Compiled modules would be written beside the sources by any Python program.
    environ |= {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path / "user")}
    traced = subprocess.Popen(
        [strace, "-f", "-qq", "-e", CALLS, "-o", str(trace), *command],
        cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(tmp_path / "out.png", traced)
    finally:
        stop_servers(home)
        complaint = traced.communicate(timeout=60)[1]
    assert traced.returncode == 0, complaint
    told = trace.read_text(encoding="utf-8", errors="replace")
    assert "127.0.0.1" in told, "the client's own call to its server was not seen"
    assert list_strangers(told) == set()
    written = set(list_written(told, tmp_path))
    assert tmp_path / "home" / "run" in {path.parent for path in written}
    assert [path for path in written if not path.is_relative_to(tmp_path)
            and not any(map(path.is_relative_to, SYSTEM))] == []  # fmt: skip
    assert not (tmp_path / "user").exists()


def wait_for(output: Path, traced: subprocess.Popen[str]) -> None:
    """Wait for the result: strace itself stays until the server that was started leaves."""
    for _ in range(1200):
        if output.exists() or traced.poll() is not None:
            return
        time.sleep(0.1)
    raise AssertionError("the traced cut did not end")
