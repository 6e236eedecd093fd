"""The file in which a local server tells its user's clients where it is.

It is readable by its user alone, because it holds the token; a server writes it when it is
ready to serve and removes it when it leaves.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from frisket.protocol.choices import DEFAULT_DEVICE
from frisket.protocol.home import run_folder
from frisket.protocol.limits import PROTOCOL_VERSION


@dataclass(frozen=True)
class LocalServer:
    """A server of this user on this machine.

    Attributes:
        target: host:port.
        token: the bearer token that it wants.
        pid: its process.
        version: of frisket.
        protocol: the version of the protocol that it speaks.
    """

    target: str
    token: str
    pid: int
    version: str
    protocol: int = PROTOCOL_VERSION


def state_file(device: str = DEFAULT_DEVICE) -> Path:
    """Return where a local server on `device` announces itself."""
    suffix = "" if device == DEFAULT_DEVICE else f"-{device}"
    return run_folder() / f"server{suffix}.json"


def write_state(server: LocalServer, device: str = DEFAULT_DEVICE) -> None:
    """Announce a server, in one step and for its user's eyes only.

    Raises:
        OSError: frisket's folder cannot be written.
    """
    path = state_file(device)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{server.pid}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(server), file)
    fresh.replace(path)


def read_state(device: str = DEFAULT_DEVICE) -> LocalServer | None:
    """Return the server that announces itself, whatever protocol it speaks, if any does."""
    try:
        state = json.loads(state_file(device).read_text(encoding="utf-8"))
        server = LocalServer(**{each.name: state[each.name] for each in fields(LocalServer)})
        texts = isinstance(server.target, str) and isinstance(server.token, str)
        numbers = isinstance(server.pid, int) and isinstance(server.protocol, int)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return server if texts and numbers and isinstance(server.version, str) else None


def remove_state(server: LocalServer, device: str = DEFAULT_DEVICE) -> None:
    """Withdraw an announcement, unless another server has announced itself meanwhile."""
    if read_state(device) == server:
        with contextlib.suppress(OSError):
            state_file(device).unlink()
