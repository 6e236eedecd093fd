"""What a plug-in remembers, in one JSON file. Standard library only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from frisket.hosts.language import _
from frisket.protocol.home import home


@dataclass(frozen=True)
class Settings:
    """How to reach a server.

    Attributes:
        remote: use `target` instead of the local server.
        target: host:port of the remote server.
        tls: encrypt; `ca_file` names a certificate to trust, empty for the system's.
        certificate, key: files of the client's own certificate; empty for none.
        token: the remote server's token.
        command: how to start the local server, as recorded at install.
    """

    remote: bool = False
    target: str = ""
    tls: bool = True
    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    command: tuple[str, ...] = ()


FIELDS = ("target", "token", "ca_file", "certificate", "key")
"""The settings that are texts."""
SWITCHES = ("remote", "tls")
"""The settings that are on or off."""
WORDS = {
    "remote": (
        _("_Use a server on another computer"),
        _("Otherwise the server of this computer is started when it is needed"),
    ),
    "target": (_("_Address (host:port)"), _("For example studio.local:7390")),
    "token": (_("To_ken"), _("What the server's own person gave you; it stays in your home")),
    "ca_file": (
        _("Certificate _file (optional)"),
        _("A certificate to trust, where the system does not know the server's"),
    ),
    "certificate": (
        _("_Your own certificate (optional)"),
        _("For a server that asks its clients for one"),
    ),
    "key": (_("Key of your o_wn certificate"), _("The PEM file that belongs to the certificate")),
    "tls": (_("_Encrypt (TLS)"), _("Only a server on this computer does without")),
}
"""Label and explanation of each; the letters leave C, T and O to a dialog's buttons."""


def settings_file() -> Path:
    """Return where the settings of the plug-ins lie."""
    return home() / "plugins.json"


def load(folder: Path) -> Settings:
    """Return the settings, over what the installer recorded in the plug-in's folder.

    A file that cannot be read counts as empty, and so does a value of another type than its
    field's: the plug-in must work all the same.
    """
    recorded = read_json(folder / "install.json")
    if recorded.get("home") and isinstance(recorded["home"], str):
        # A sandboxed host has another home than the server.
        os.environ.setdefault("FRISKET_HOME", recorded["home"])
    installed = {"command": recorded.get("command")}
    return Settings(**{**_keep_fitting(installed), **_keep_fitting(read_json(settings_file()))})


def _keep_fitting(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that a field of the settings can take."""
    kept = {}
    for field in fields(Settings):
        value = values.get(field.name)
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            # JSON knows no tuples.
            value = tuple(value)
        if type(value) is type(field.default):
            kept[field.name] = value
    return kept


def save(settings: Settings) -> None:
    """Write the settings, readable by this user alone: a token may be among them."""
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    values = asdict(settings)
    # What the installer recorded belongs to the plug-in, not to the user's choices.
    del values["command"]
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, or an empty one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
