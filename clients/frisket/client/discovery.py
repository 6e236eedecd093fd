"""Finds the local server, and starts one when none answers. Standard library only.

A local server announces itself in a file; see `frisket.protocol.local_state`. Its token is
sent to nobody but who has proved to know it; see `frisket.client.proof`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from frisket.client.errors import NoServer
from frisket.client.proof import ANSWER_TIMEOUT_S, Opener, Standing, examine
from frisket.protocol.choices import DEFAULT_DEVICE
from frisket.protocol.home import home, make_run_folder, run_folder
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.protocol.local_state import (
    Installation,
    LocalServer,
    find_environment,
    read_state,
    read_states,
    remove_state,
    state_file,
)
from frisket.protocol.memory import ask_for_large_pages
from frisket.protocol.process import is_running, mark_process

START_TIMEOUT_S = 60.0
_LOG_BYTES = 1 << 20
_WINDOWS_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
_SAID = "frisket: "
_DEFAULT_COMMAND = (sys.executable, "-m", "frisket.server")


def log_file(device: str = DEFAULT_DEVICE, environment: str = "") -> Path:
    """Return where an environment's server on `device` writes its log."""
    return state_file(device, environment).with_suffix(".log")


def log_files() -> list[Path]:
    """Return the logs of all local servers, the newest first."""
    dated = []
    for path in run_folder().glob("server*.log"):
        with contextlib.suppress(OSError):
            dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def find(
    connect: Opener,
    device: str = DEFAULT_DEVICE,
    installation: Installation | None = None,
    *,
    end_hung: bool = False,
    answer_s: float = ANSWER_TIMEOUT_S,
) -> LocalServer | None:
    """Return the local server that announces itself and proves to be the one, if any.

    Args:
        connect: opens a connection, without a token.
        device: "auto", "cpu", "cuda" or "tensorrt"; each has a server of its own.
        installation: whose server; by default the newest of any that speaks our protocol.
        end_hung: end one that takes connections and says nothing, and withdraw its
            announcement.
        answer_s: seconds that each has for its answer.
    """
    for server in read_states():
        fits = server.device == device and server.protocol == PROTOCOL_VERSION
        ours = installation is None or server.installation == installation
        if not (fits and ours and server.running):
            continue
        standing = examine(server, connect, answer_s)
        if standing is Standing.PROVEN:
            return server
        if standing is Standing.HUNG and end_hung:
            # Where it cannot be ended it leaves by itself when it finds itself unannounced.
            end(server)
            remove_state(server)
    return None


def ensure(
    connect: Opener,
    command: Sequence[str] = (),
    *,
    device: str = DEFAULT_DEVICE,
    installation: Installation | None = None,
    timeout: float = START_TIMEOUT_S,
    answer_s: float = ANSWER_TIMEOUT_S,
) -> LocalServer:
    """Return the local server, started when none answers.

    One of the same environment and another version is asked to leave: it finishes what it
    is doing, and a fresh one takes its place. One that hangs is ended.

    Args:
        connect: opens a connection, without a token.
        command: how to start one; by default this Python's `frisket.server`.
        device: "auto", "cpu", "cuda" or "tensorrt"; each has a server of its own.
        installation: whose server; by default any that speaks our protocol.
        timeout: seconds to wait for it.
        answer_s: seconds after which one that runs and says nothing hangs.

    Raises:
        NoServer: it could not be started, with what its log says.
    """
    look = partial(find, connect, device, installation, answer_s=answer_s)
    if server := look(end_hung=True):
        return server
    starter = [*(command or _DEFAULT_COMMAND), "--local", "--device", device]
    environment = _read_environment(starter)
    with _starting(state_file(device, environment).with_suffix(".starting"), timeout):
        if server := look(end_hung=True):
            return server
        _retire(read_state(device, environment), installation)
        log = log_file(device, environment)
        return _start(starter, log, timeout, look)


def ask_to_leave(server: LocalServer) -> bool:
    """Tell a local server to finish what it is doing and leave; return whether it was told."""
    return _signal(server, signal.SIGTERM)


def end(server: LocalServer) -> bool:
    """End a local server that does not leave by itself; return whether it was there."""
    return _signal(server, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal(server: LocalServer, number: int) -> bool:
    # A number without a mark may belong to anybody by now.
    if not server.started or mark_process(server.pid) != server.started:
        return False
    try:
        os.kill(server.pid, number)
    except OSError:
        return False
    return True


def _retire(server: LocalServer | None, installation: Installation | None) -> None:
    """Ask an outdated server of our own environment to leave."""
    if server is not None and installation is not None and server.installation != installation:
        ask_to_leave(server)


def _read_environment(command: Sequence[str]) -> str:
    """Return the environment of the Python that a command runs with -m; empty for any other."""
    if "-m" not in command:
        return ""
    words = [word for word in command[: command.index("-m")] if not word.startswith("-")]
    return find_environment(words[-1]) if words else ""


def _start(
    command: list[str], log: Path, timeout: float, look: Callable[[], LocalServer | None]
) -> LocalServer:
    with _open_log(log) as output:
        start = output.tell()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # It outlives the command that starts it, and its Ctrl-C.
                start_new_session=sys.platform != "win32",
                # On Windows a console of its own, unseen: it outlives that of the command too.
                creationflags=sum(getattr(subprocess, flag, 0) for flag in _WINDOWS_FLAGS),
                env=ask_for_large_pages(os.environ),
            )
        except OSError as error:
            raise NoServer(
                f"No server runs and '{command[0]}' cannot start one: {error}."
            ) from error
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if server := look():
            return server
        if process.poll() is not None:
            raise NoServer(f"The local server could not start: {_last_line(log, start)}")
        time.sleep(0.02)
    process.terminate()
    raise NoServer(f"The local server was not ready within {timeout:.0f} s; see {log}.")


@contextlib.contextmanager
def _open_log(path: Path) -> Iterator[BinaryIO]:
    """Open a log to append to: an older server may still be writing its last lines."""
    try:
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.old"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise NoServer(f"The log {path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "ab") as log:
        log.seek(0, os.SEEK_END)
        yield log


def _last_line(log: Path, start: int) -> str:
    """Return the server's last word behind a position, or else the last that was written.

    What libraries print waits in a buffer, and comes behind that word when the process ends.
    """
    with contextlib.suppress(OSError):
        lines = log.read_bytes()[start:].decode("utf-8", "replace").strip().splitlines()
        told = [line for line in lines if line.startswith(_SAID)]
        if lines:
            return (told or lines)[-1].removeprefix(_SAID)
    return f"see {log}."


@contextlib.contextmanager
def _starting(lock: Path, timeout: float) -> Iterator[None]:
    """Hold the right to start the server, so that two commands do not start two."""
    try:
        make_run_folder()
    except OSError as error:
        raise NoServer(f"frisket's folder {home()} cannot be written: {error}.") from error
    deadline = time.monotonic() + timeout
    while not _claim(lock):
        if time.monotonic() > deadline:
            # Its owner died without a word.
            lock.unlink(missing_ok=True)
        time.sleep(0.05)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _claim(lock: Path) -> bool:
    """Take the right to start a server, from a starter that is gone too."""
    if _is_abandoned(lock):
        lock.unlink(missing_ok=True)
    try:
        with lock.open("x", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {mark_process(os.getpid())}")
    except FileExistsError:
        return False
    except OSError as error:
        raise NoServer(f"frisket's folder {home()} cannot be written: {error}.") from error
    return True


def _is_abandoned(lock: Path) -> bool:
    try:
        pid, _, mark = lock.read_text(encoding="utf-8").partition(" ")
        if pid.isdigit() and not is_running(int(pid), mark):
            return True
        return time.time() - lock.stat().st_mtime > START_TIMEOUT_S
    except (OSError, ValueError):
        return False
