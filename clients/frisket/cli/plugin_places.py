"""Where GIMP and Krita keep plug-ins, however they were installed. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_GIMP_NAMES = ("gimp-3.2", "gimp-3.0", "gimp-3", "gimp")


@dataclass(frozen=True)
class Place:
    """One installation of a host.

    Attributes:
        host: "gimp" or "krita".
        kind: how the host was installed, for the user.
        folder: what a plug-in is copied into: GIMP's `plug-ins`, Krita's resource folder.
        config: Krita's kritarc; None for GIMP.
    """

    host: str
    kind: str
    folder: Path
    config: Path | None = None


@dataclass(frozen=True)
class Machine:
    """What decides where the hosts keep their files; a fake one in tests."""

    home: Path
    platform: str
    environ: Mapping[str, str]

    def which(self, names: tuple[str, ...]) -> bool:
        """Tell whether one of some programs is on the path."""
        return any(shutil.which(name, path=self.environ.get("PATH", "")) for name in names)

    def folder(self, variable: str, default: str) -> Path:
        """Return a folder that an environment variable may name."""
        value = self.environ.get(variable)
        return Path(value) if value else self.home / default


def this_machine() -> Machine:
    """Return the machine this runs on."""
    return Machine(Path.home(), sys.platform, os.environ)


def places(host: str, machine: Machine) -> list[Place]:
    """Return every installation of a host that has left a trace."""
    return list(_gimp(machine) if host == "gimp" else _krita(machine))


def _gimp(machine: Machine) -> Iterator[Place]:
    if chosen := machine.environ.get("GIMP3_DIRECTORY"):
        yield Place("gimp", "GIMP3_DIRECTORY", Path(chosen) / "plug-ins")
        return
    found = False
    for kind, root in _gimp_roots(machine):
        versions = (each for each in root.glob("3.*") if each.is_dir())
        for version in sorted(versions):
            found = True
            yield Place("gimp", f"{kind} {version.name}", version / "plug-ins")
    if not found and machine.which(_GIMP_NAMES):
        # Installed and never started: it will look here when it is.
        kind, root = next(iter(_gimp_roots(machine)))
        yield Place("gimp", f"{kind} 3.0", root / "3.0" / "plug-ins")


def _gimp_roots(machine: Machine) -> Iterator[tuple[str, Path]]:
    if machine.platform == "win32":
        yield "Windows", machine.folder("APPDATA", "AppData/Roaming") / "GIMP"
    elif machine.platform == "darwin":
        yield "macOS", machine.home / "Library/Application Support/GIMP"
    else:
        yield "native", machine.folder("XDG_CONFIG_HOME", ".config") / "GIMP"
        yield "flatpak", machine.home / ".var/app/org.gimp.GIMP/config/GIMP"
        yield "snap", machine.home / "snap/gimp/current/.config/GIMP"


def _krita(machine: Machine) -> Iterator[Place]:
    for kind, data, config in _krita_roots(machine):
        if data.is_dir() or config.is_file() or (kind == "native" and machine.which(("krita",))):
            yield Place("krita", kind, data, config)


def _krita_roots(machine: Machine) -> Iterator[tuple[str, Path, Path]]:
    home = machine.home
    if machine.platform == "win32":
        local = machine.folder("LOCALAPPDATA", "AppData/Local")
        yield "Windows", machine.folder("APPDATA", "AppData/Roaming") / "krita", local / "kritarc"
    elif machine.platform == "darwin":
        library = home / "Library"
        yield "macOS", library / "Application Support/krita", library / "Preferences/kritarc"
    else:
        # An AppImage uses the same folders as a native Krita.
        data = machine.folder("XDG_DATA_HOME", ".local/share") / "krita"
        yield "native", data, machine.folder("XDG_CONFIG_HOME", ".config") / "kritarc"
        flatpak = home / ".var/app/org.kde.krita"
        yield "flatpak", flatpak / "data/krita", flatpak / "config/kritarc"
        snap = home / "snap/krita/current"
        yield "snap", snap / ".local/share/krita", snap / ".config/kritarc"
