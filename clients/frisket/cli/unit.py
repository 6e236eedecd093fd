"""Units for systemd that run a command of frisket: a watch, or a server."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from frisket.cli.exits import Exit
from frisket.jobs.paths import read_path
from frisket.protocol.printable import make_printable

_PROGRAM = (sys.executable, "-m", "frisket")
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

_SERVER_UNIT = """\
# A unit for systemd, printed by 'frisket serve --print-unit': for the machine, not for one user.
#   frisket serve … --print-unit > /etc/systemd/system/frisket.service
#   systemctl enable --now frisket
[Unit]
Description=frisket matting server
Wants=network-online.target
After=network-online.target

[Service]
# It says when calls are answered.
Type=notify
# A user of its own, for as long as it runs; models stay in /var/lib/frisket.
DynamicUser=yes
StateDirectory=frisket
Environment=FRISKET_HOME=%S/frisket
WorkingDirectory={here}
{credentials}ExecStart={command}
Restart=on-failure
RestartSec=5
# Longer than --load-limit, and than --drain.
TimeoutStartSec={start_s:.0f}
TimeoutStopSec={stop_s:.0f}
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""
_SPARE_S = 15.0
_SECRETS = ("--token-", "--tls-")
"""How the options begin that name a file which only the server may read."""


def compose_server_unit(
    words: Sequence[str], secrets: Mapping[str, Path], load_s: float, drain_s: float
) -> str:
    """Return the unit of a server.

    Args:
        words: of the command line, without the program.
        secrets: files that the server reads, by a name for each. The system hands copies to the
            server alone, so that their owner can be root.
        load_s: seconds that opening a model may take.
        drain_s: seconds that the server takes to leave.
    """
    copies = {str(path): f"${{CREDENTIALS_DIRECTORY}}/{name}" for name, path in secrets.items()}
    pairs = zip(("", *words), words, strict=False)
    placed = (_place(before, word, copies) for before, word in pairs)
    command = " ".join((*map(_quote, _PROGRAM), *placed))
    loads = (f"LoadCredential={name}:{_escape(_find(path))}\n" for name, path in secrets.items())
    return _SERVER_UNIT.format(
        here=_escape(str(Path.cwd())),
        credentials="".join(loads),
        command=command,
        start_s=load_s + _SPARE_S,
        stop_s=drain_s + _SPARE_S,
    )


def _place(before: str, word: str, copies: Mapping[str, str]) -> str:
    """Return a word for a unit; a file that is handed over is named by its copy."""
    option, equals, value = word.partition("=") if word.startswith("--") else (before, "", word)
    if not option.startswith(_SECRETS):
        return _quote(word)
    copy = copies.get(str(read_path(value)))  # as the option itself was read: ./token is token
    if copy is None:
        return _quote(word)
    return f"{option}={copy}" if equals else copy


def compose_unit(folder: Path, output: Path, words: Sequence[str]) -> str:
    """Return the unit.

    Args:
        folder: what is watched.
        output: the folder of the results.
        words: of the command line, without the program.
    """
    command = " ".join(_quote(word) for word in (*_PROGRAM, *words))
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
    return make_printable(text).replace("%", "%%")


def _quote(word: str) -> str:
    """Return a word as systemd takes it: nothing in it is a specifier, variable or separator."""
    safe = _escape(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return safe if _PLAIN.fullmatch(word) else f'"{safe}"'
