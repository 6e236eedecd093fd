"""Tells systemd how the server stands, where it was started by a unit of `Type=notify`."""

from __future__ import annotations

import contextlib
import os
import socket

READY, STOPPING = "READY=1", "STOPPING=1"


def tell_systemd(state: str) -> None:
    """Say so, if anybody listens; sd_notify(3) has the states."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if not name.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(1.0)
        # A name that begins with @ lies outside of the file system.
        line.sendto(state.encode(), "\0" + name[1:] if name.startswith("@") else name)
