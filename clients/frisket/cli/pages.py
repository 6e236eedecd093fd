"""What commands that show a page say of it."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

from frisket.cli.options import Option

if TYPE_CHECKING:
    from frisket.review.guard import Guard
    from frisket.review.server import PageServer


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 1 << 16:
        raise ValueError(f"{text!r} is no port: those lie between 0 and 65535")
    return value


PAGE_OPTIONS = (
    Option(
        "port", "of this machine; by default any that is free",
        _port, metavar="N", default=0, stored=False,
    ),
    Option("no-open", "print the address, and open no browser", stored=False),
)  # fmt: skip


def announce(server: PageServer, guard: Guard, no_open: bool) -> None:
    """Print the address of a page, and open it where somebody would see it."""
    print(f"{server.url}?token={guard.token}")
    if "SSH_CONNECTION" in os.environ:
        port = server.server_port
        print(f"On your own machine first: ssh -L {port}:127.0.0.1:{port} and this machine's name")
    print("Ctrl-C ends it.", flush=True)
    if not no_open and _has_screen():
        address = f"{server.url}?token={guard.make_ticket()}"
        # Some browsers do not return before they end.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _has_screen() -> bool:
    """Tell whether a browser would be seen: not one inside the terminal, or of another machine."""
    if "SSH_CONNECTION" in os.environ:
        return False
    shown = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return sys.platform in ("win32", "darwin") or shown
