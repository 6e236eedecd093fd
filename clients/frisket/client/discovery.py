"""Finds the local server, and starts one when none answers. Standard library only.

A local server announces itself in a file; see `frisket.protocol.local_state`.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from frisket.client.errors import NoServer
from frisket.protocol.choices import DEFAULT_DEVICE
from frisket.protocol.home import home, run_folder
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.protocol.local_state import LocalServer, read_state, state_file

START_TIMEOUT_S = 60.0
_WINDOWS_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
_DEFAULT_COMMAND = (sys.executable, "-m", "frisket.server")


def log_file() -> Path:
    """Return where a server that was started here writes its log."""
    return run_folder() / "server.log"


def find(device: str = DEFAULT_DEVICE) -> LocalServer | None:
    """Return the local server that announces itself and takes connections, if any."""
    server = read_state(device)
    if server is None or server.protocol != PROTOCOL_VERSION:
        return None
    return server if _listens(server.target) else None


def ensure(
    command: Sequence[str] = (), *, device: str = DEFAULT_DEVICE, timeout: float = START_TIMEOUT_S
) -> LocalServer:
    """Return the local server, started when none answers.

    Args:
        command: how to start one; by default this Python's `frisket.server`.
        device: "auto", "cpu" or "cuda"; each has a server of its own.
        timeout: seconds to wait for it.

    Raises:
        NoServer: it could not be started, with what its log says.
    """
    if server := find(device):
        return server
    with _starting(device, timeout):
        starter = [*(command or _DEFAULT_COMMAND), "--local", "--device", device]
        return find(device) or _start(starter, device, timeout)


def _listens(target: str) -> bool:
    host, _, port = target.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=2.0):
            return True
    except (OSError, ValueError):
        return False


def _start(command: list[str], device: str, timeout: float) -> LocalServer:
    log_file().parent.mkdir(parents=True, exist_ok=True)
    with log_file().open("wb") as log:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # It outlives the command that starts it, and its Ctrl-C.
                start_new_session=sys.platform != "win32",
                # On Windows a console of its own, unseen: it outlives that of the command too.
                creationflags=sum(getattr(subprocess, flag, 0) for flag in _WINDOWS_FLAGS),
            )
        except OSError as error:
            raise NoServer(
                f"No server runs and '{command[0]}' cannot start one: {error}."
            ) from error
    return _await(process, device, timeout)


def _await(process: subprocess.Popen[bytes], device: str, timeout: float) -> LocalServer:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if server := find(device):
            return server
        if process.poll() is not None:
            raise NoServer(f"The local server could not start: {_last_line()}")
        time.sleep(0.02)
    process.terminate()
    raise NoServer(f"The local server was not ready within {timeout:.0f} s; see {log_file()}.")


def _last_line() -> str:
    with contextlib.suppress(OSError):
        lines = log_file().read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return lines[-1].removeprefix("frisket: ")
    return f"see {log_file()}."


@contextlib.contextmanager
def _starting(device: str, timeout: float) -> Iterator[None]:
    """Hold the right to start the server, so that two commands do not start two."""
    lock = state_file(device).with_suffix(".starting")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoServer(f"frisket's folder {home()} cannot be written: {error}.") from error
    deadline = time.monotonic() + timeout
    while not _claim(lock):
        if time.monotonic() > deadline:
            # Its owner died without a word.
            lock.unlink(missing_ok=True)
        time.sleep(0.05)
        if find(device):
            break
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _claim(lock: Path) -> bool:
    with contextlib.suppress(OSError):
        if time.time() - lock.stat().st_mtime > START_TIMEOUT_S:
            lock.unlink()
    try:
        lock.open("x").close()
    except FileExistsError:
        return False
    return True
