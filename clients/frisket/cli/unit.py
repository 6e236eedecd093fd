"""A unit for systemd that runs a command of frisket again and again."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from frisket.cli.exits import Exit

_PLAIN = re.compile(r"[\w@+=:,./~-]+")
_UNIT = """\
# A unit for systemd, printed by 'frisket watch --print-unit'. For one user:
#   frisket watch … --print-unit > ~/.config/systemd/user/frisket-watch.service
#   systemctl --user enable --now frisket-watch
# For the machine: into /etc/systemd/system, with User= and perhaps Environment=FRISKET_HOME=….
[Unit]
Description=frisket watches {folder}
Wants=network-online.target
After=network-online.target
# The folders are there before it begins, when they lie on shares.
RequiresMountsFor={mounts}

[Service]
Type=exec
WorkingDirectory={here}
ExecStart={command}
Restart=on-failure
RestartSec=30
# SIGTERM lets it finish what is at work; it then leaves with this status.
SuccessExitStatus={status}
KillMode=mixed
TimeoutStopSec=300
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def compose_unit(folder: Path, output: Path, words: Sequence[str]) -> str:
    """Return the unit.

    Args:
        folder: what is watched.
        output: the folder of the results.
        words: of the command line, without the program.
    """
    program = [sys.executable, "-m", "frisket"]
    command = " ".join(_quote(word) for word in (*program, *words))
    mounts = " ".join(dict.fromkeys(_quote(_find(path)) for path in (folder, output)))
    return _UNIT.format(
        folder=_escape(str(folder)),
        mounts=mounts,
        here=_escape(str(Path.cwd())),
        command=command,
        status=int(Exit.INTERRUPTED),
    )


def _find(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100


def _escape(text: str) -> str:
    """Return a text in which nothing is a specifier, in one line."""
    return "".join(one if one.isprintable() else "?" for one in text).replace("%", "%%")


def _quote(word: str) -> str:
    """Return a word as systemd takes it: nothing in it is a specifier, variable or separator."""
    safe = _escape(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return safe if _PLAIN.fullmatch(word) else f'"{safe}"'
