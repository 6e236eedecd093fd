"""The hosts that have a plug-in, and where they keep it. Standard library only.

A new host is one more row in `HOSTS`, and a function that finds its installations.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_GIMP_NAMES = ("gimp-3.2", "gimp-3.0", "gimp-3", "gimp")


@dataclass(frozen=True)
class Machine:
    """What decides where the hosts keep their files; a fake one in tests."""

    home: Path
    platform: str
    environ: Mapping[str, str]
    root: Path = Path("/")

    def which(self, names: tuple[str, ...]) -> bool:
        """Tell whether one of some programs is on the path."""
        return any(shutil.which(name, path=self.environ.get("PATH", "")) for name in names)

    def has_flatpak(self, name: str) -> bool:
        """Tell whether a flatpak is installed, for this user or for all."""
        bases = (self.home / ".local/share/flatpak", self.root / "var/lib/flatpak")
        return any((base / "app" / name).is_dir() for base in bases)

    def has_snap(self, name: str) -> bool:
        """Tell whether a snap is installed."""
        return any((self.root / base / name).is_dir() for base in ("snap", "var/lib/snapd/snap"))

    def folder(self, variable: str, default: str) -> Path:
        """Return a folder that an environment variable may name."""
        value = self.environ.get(variable)
        return Path(value) if value else self.home / default


def this_machine() -> Machine:
    """Return the machine this runs on."""
    return Machine(Path.home(), sys.platform, os.environ)


Spot = tuple[str, Path, "Path | None"]
"""How a host was installed, what a plug-in is copied into, and the file that switches it on."""


@dataclass(frozen=True)
class HostPlugin:
    """A host and its plug-in.

    Attributes:
        name: what the command line calls it, and where its sources lie.
        title: its name for people.
        inner: the plug-in's own folder, inside what is copied.
        entry: the file that the host loads, inside that.
        find: yields the installations on a machine that have left a trace.
        search: yields the folders where `find` looks.
        beside: files that are copied beside the plug-in's own folder.
        archive_root: the folder that an archive for a person to import holds.
        config_name: the file that switches plug-ins on, beside a folder chosen by hand.
        switch: its line's key.
    """

    name: str
    title: str
    inner: str
    entry: str
    find: Callable[[Machine], Iterator[Spot]]
    search: Callable[[Machine], Iterator[Path]]
    beside: tuple[str, ...] = ()
    archive_root: str = ""
    config_name: str = ""
    switch: str = ""

    def find_places(self, machine: Machine) -> list[Place]:
        """Return every installation that has left a trace."""
        return [Place(self, *spot) for spot in self.find(machine)]

    def choose_place(self, folder: Path) -> Place:
        """Return the installation whose folder a person has named."""
        config = folder.parent / self.config_name if self.config_name else None
        return Place(self, "chosen", folder, config)

    def inner_folder(self, folder: Path) -> Path:
        """Return the plug-in's own folder inside what is copied into `folder`."""
        return folder / self.inner


@dataclass(frozen=True)
class Place:
    """One installation of a host.

    Attributes:
        host: the host.
        kind: how it was installed, for the user.
        folder: what a plug-in is copied into: GIMP's `plug-ins`, Krita's resource folder.
        config: the file that switches plug-ins on: Krita's kritarc; None for GIMP.
    """

    host: HostPlugin
    kind: str
    folder: Path
    config: Path | None = None

    @property
    def plugin(self) -> Path:
        """The plug-in's own folder, whether it is there or not."""
        return self.host.inner_folder(self.folder)


def _find_gimp(machine: Machine) -> Iterator[Spot]:
    if chosen := machine.environ.get("GIMP3_DIRECTORY"):
        yield "GIMP3_DIRECTORY", Path(chosen) / "plug-ins", None
        return
    for kind, root, installed in _gimp_roots(machine):
        versions = sorted(each for each in root.glob("3.*") if each.is_dir())
        for version in versions:
            yield f"{kind} {version.name}", version / "plug-ins", None
        if installed and not versions:
            # Installed and never started: it will look here when it is.
            yield f"{kind} 3.0", root / "3.0" / "plug-ins", None


def _search_gimp(machine: Machine) -> Iterator[Path]:
    yield from (root / "3.*" for _, root, _ in _gimp_roots(machine))


def _gimp_roots(machine: Machine) -> Iterator[tuple[str, Path, bool]]:
    """Yield kind, folder of settings, and whether a GIMP of that kind is known to be there."""
    on_path = machine.which(_GIMP_NAMES)
    if machine.platform == "win32":
        yield "Windows", machine.folder("APPDATA", "AppData/Roaming") / "GIMP", on_path
    elif machine.platform == "darwin":
        yield "macOS", machine.home / "Library/Application Support/GIMP", on_path
    else:
        yield "native", machine.folder("XDG_CONFIG_HOME", ".config") / "GIMP", on_path
        flatpak = machine.home / ".var/app/org.gimp.GIMP/config/GIMP"
        yield "flatpak", flatpak, machine.has_flatpak("org.gimp.GIMP")
        snap = machine.home / "snap/gimp/current/.config/GIMP"
        yield "snap", snap, machine.has_snap("gimp")


def _find_krita(machine: Machine) -> Iterator[Spot]:
    installed = {
        "native": machine.which(("krita",)),
        "flatpak": machine.has_flatpak("org.kde.krita"),
        "snap": machine.has_snap("krita"),
    }
    for kind, data, config in _krita_roots(machine):
        if data.is_dir() or config.is_file() or installed.get(kind, False):
            yield kind, data, config


def _search_krita(machine: Machine) -> Iterator[Path]:
    yield from (data for _, data, _ in _krita_roots(machine))


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


HOSTS = {
    host.name: host
    for host in (
        HostPlugin("gimp", "GIMP", "frisket-cutout", "frisket-cutout.py", _find_gimp, _search_gimp),
        HostPlugin(
            name="krita",
            title="Krita",
            inner="pykrita/frisket_cutout",
            entry="__init__.py",
            find=_find_krita,
            search=_search_krita,
            beside=("pykrita/frisket_cutout.desktop", "actions/frisket_cutout.action"),
            # Krita's importer wants the .desktop file at the root of the archive.
            archive_root="pykrita",
            config_name="kritarc",
            switch="enable_frisket_cutout",
        ),
    )
}
"""Every host by its name."""
