"""The file in which a local server tells its user's clients where it is.

It is readable by its user alone, because it holds the token; a server writes it when it is
ready to serve and removes it when it leaves. Each Python environment has servers of its own,
one for each device, and a file for each: two environments that share a home do not meet.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from frisket.protocol.choices import DEFAULT_DEVICE
from frisket.protocol.home import make_run_folder, run_folder
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.protocol.process import is_running, mark_process


@dataclass(frozen=True)
class Installation:
    """Which frisket a server or client belongs to.

    Attributes:
        version: of frisket.
        environment: the folder of the Python that runs it.
    """

    version: str
    environment: str


@dataclass(frozen=True)
class LocalServer:
    """A server of this user on this machine.

    Attributes:
        target: host:port.
        token: the bearer token that it wants.
        pid: its process.
        version: of frisket.
        protocol: the version of the protocol that it speaks.
        device: what it was asked to run on: "auto", "cpu", "cuda" or "tensorrt".
        environment: the folder of the Python that runs it.
        started: what `mark_process` said of its process; empty where nothing can be said.
    """

    target: str
    token: str
    pid: int
    version: str
    protocol: int = PROTOCOL_VERSION
    device: str = DEFAULT_DEVICE
    environment: str = ""
    started: str = ""

    @property
    def installation(self) -> Installation:
        """Which frisket it runs."""
        return Installation(self.version, self.environment)

    @property
    def running(self) -> bool:
        """Whether the process that announced itself is still there, as far as can be known."""
        return is_running(self.pid, self.started)


def find_environment(executable: str) -> str:
    """Return the environment that a Python's executable stands for: its folder."""
    return os.path.normcase(os.path.realpath(os.path.dirname(executable)))  # noqa: PTH120


def describe_self(target: str, token: str, version: str, device: str) -> LocalServer:
    """Return the announcement of a server that runs in this process."""
    return LocalServer(
        target=target,
        token=token,
        pid=os.getpid(),
        version=version,
        device=device,
        environment=find_environment(sys.executable),
        started=mark_process(os.getpid()),
    )


def state_file(device: str = DEFAULT_DEVICE, environment: str = "") -> Path:
    """Return where an environment's local server on `device` announces itself."""
    parts = ["server"] if device == DEFAULT_DEVICE else ["server", device]
    if environment:
        encoded = environment.encode("utf-8", "surrogatepass")
        parts.append(hashlib.sha256(encoded).hexdigest()[:8])
    return run_folder() / f"{'-'.join(parts)}.json"


def write_state(server: LocalServer) -> None:
    """Announce a server, in one step and for its user's eyes only.

    Raises:
        OSError: frisket's folder cannot be written.
    """
    make_run_folder()
    path = state_file(server.device, server.environment)
    fresh = path.with_suffix(f".{server.pid}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(server), file)
    fresh.replace(path)


def read_state(device: str = DEFAULT_DEVICE, environment: str = "") -> LocalServer | None:
    """Return the server that announces itself, whatever protocol it speaks, if any does.

    Fields that have a default may be missing, and those that nobody knows are passed over.
    """
    return _read(state_file(device, environment))


def read_states() -> list[LocalServer]:
    """Return every server that announces itself in this home, the newest first."""
    dated = []
    for path in run_folder().glob("server*.json"):
        with contextlib.suppress(OSError):
            dated.append((path.stat().st_mtime_ns, path))
    servers = (_read(path) for _, path in sorted(dated, reverse=True))
    return [server for server in servers if server is not None]


def is_announced(server: LocalServer) -> bool:
    """Tell whether clients are still sent to a server."""
    return read_state(server.device, server.environment) == server


def remove_state(server: LocalServer) -> None:
    """Withdraw an announcement, unless another server has announced itself meanwhile."""
    if is_announced(server):
        with contextlib.suppress(OSError):
            state_file(server.device, server.environment).unlink()


def _read(path: Path) -> LocalServer | None:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(LocalServer)}
        server = LocalServer(**{name: state[name] for name in known & state.keys()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    numbers = {"pid", "protocol"}
    values = asdict(server).items()
    good = all(type(value) is (int if name in numbers else str) for name, value in values)
    return server if good else None
