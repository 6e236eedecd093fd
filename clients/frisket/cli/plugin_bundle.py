"""Puts a self-contained plug-in together: its own files and everything they import."""

from __future__ import annotations

import importlib.util
import json
import shutil
import stat
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from frisket.about import NAME, VERSION
from frisket.cli.plugin_places import HostPlugin
from frisket.client.errors import ClientError
from frisket.protocol.home import home

# Nothing of these may be compiled, and nothing else may be imported by the plug-ins.
_CARRIED_PACKAGES = ("h2", "hpack", "hyperframe", "google.protobuf")
_CARRIED_ROOMS = ("frisket.client", "frisket.hosts", "frisket.protocol", "frisket.v1")
_CARRIED_MODULES = ("frisket.about",)
# The generated services, which need grpcio, and the service that no plug-in calls.
_LEFT_OUT = ("*_pb2_grpc.py", "models_pb2.py")
_SKIPPED_FOLDERS = {"__pycache__", "testing", "util", "compiler"}
_FIXED_TIME = (2025, 1, 1, 0, 0, 0)
# A package of its own, which looks for nothing elsewhere: no other frisket mixes in.
_FRONT_DOOR = '"""The rooms of frisket that a plug-in carries."""\n'


class BundleError(ClientError):
    """The plug-in cannot be put together; the text names what is missing."""


def assemble(host: HostPlugin, folder: Path) -> None:
    """Write a plug-in's files into `folder`, as they are to lie in the host.

    Args:
        host: whose plug-in.
        folder: is made; must not exist.

    Raises:
        BundleError: a package that the plug-in carries is not installed.
    """
    shutil.copytree(_sources(host.name), folder, ignore=shutil.ignore_patterns("__pycache__"))
    vendor = host.inner_folder(folder) / "_vendor"
    for name in (*_CARRIED_PACKAGES, *_CARRIED_ROOMS):
        _copy_package(_package_folder(name), vendor / name.replace(".", "/"))
    for name in _CARRIED_MODULES:
        shutil.copyfile(_module_file(name), vendor / f"{name.replace('.', '/')}.py")
    (vendor / "frisket" / "__init__.py").write_text(_FRONT_DOOR, encoding="ascii")
    (vendor / "README.txt").write_text(_notice(), encoding="ascii")
    (vendor / "licences").mkdir()
    for name, text in _licence_texts():
        shutil.copyfile(text, vendor / "licences" / name)


def record(host: HostPlugin, folder: Path) -> None:
    """Write down for the plug-in how to start a server on this machine."""
    facts = {
        "version": VERSION,
        "installed": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "command": server_command(),
        "home": str(home()),
    }
    text = json.dumps(facts, indent=1)
    (host.inner_folder(folder) / "install.json").write_text(text, encoding="utf-8")


def server_command() -> list[str]:
    """Return how a host starts the local server, free of the host's own environment."""
    command = [sys.executable, "-E", "-m", "frisket.server", "--local"]
    if sys.platform == "linux":
        # An AppImage's libraries and modules must not leak into another Python.
        unset = [part for name in ("LD_LIBRARY_PATH", "PYTHONHOME") for part in ("-u", name)]
        return ["/usr/bin/env", *unset, *command]
    return command


def pack(folder: Path, archive: Path) -> None:
    """Write a folder as a zip file that is the same whenever it is made."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            target.writestr(entry, path.read_bytes())


def _sources(host: str) -> Path:
    """Return where the plug-in's own files lie: in the wheel, or in a checkout."""
    here = Path(__file__).resolve().parent
    for place in (here / "plugin_sources" / host, here.parents[1] / host):
        if place.is_dir():
            return place
    raise BundleError(f"The plug-in for {host} is not part of this installation.")


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(
            f"The plug-ins carry {name}, which is not installed: install frisket anew."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _module_file(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        raise BundleError(f"{name} is not installed: install frisket anew.")
    return Path(spec.origin)


def _copy_package(source: Path, target: Path) -> None:
    """Copy a package's Python files and catalogues: no tests, nothing compiled."""
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.suffix not in (".py", ".po") or any(map(path.match, _LEFT_OUT)):
            continue
        if _SKIPPED_FOLDERS.intersection(inside.parts):
            continue
        copy = target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _notice() -> str:
    lines = [f"{NAME} {VERSION}, Apache-2.0"]
    names = [("h2", "MIT"), ("hpack", "MIT"), ("hyperframe", "MIT"), ("protobuf", "BSD-3-Clause")]
    lines += [f"{name} {version(name)}, {licence}" for name, licence in names]
    listed = "\n".join(lines)
    return f"Carried unchanged inside this plug-in; the texts lie in licences:\n{listed}\n"


def _licence_texts() -> Iterator[tuple[str, Path]]:
    """Yield the licences of all that is carried, from the wheel or from a checkout."""
    here = Path(__file__).resolve().parent
    packed, root = here / "licences", here.parents[2]
    texts = packed if packed.is_dir() else root / "LICENSES"
    own = {} if packed.is_dir() else {"frisket.txt": root / "LICENSE", "NOTICE": root / "NOTICE"}
    yield from own.items()
    yield from ((path.name, path) for path in sorted(texts.iterdir()))
