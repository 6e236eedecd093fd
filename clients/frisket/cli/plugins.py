"""`frisket plugins`: puts the plug-ins into GIMP and Krita, and takes them out again."""

from __future__ import annotations

import argparse
import ast
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from frisket.about import VERSION
from frisket.cli import plugin_bundle as bundle
from frisket.cli.exits import Exit
from frisket.cli.plugin_places import Place, places, this_machine
from frisket.hosts import selfcheck
from frisket.hosts.settings import read_json

_HOSTS = ("gimp", "krita")
_ENTRY = {"gimp": "frisket-cutout.py", "krita": "__init__.py"}
_LEAST_PYTHON = (3, 10)
_SWITCH = "enable_frisket_cutout"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "plugins", help="install, remove or check the plug-ins for GIMP and Krita"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text, run in (
        ("install", "copy a plug-in into every GIMP or Krita found", _install),
        ("uninstall", "remove it again", _uninstall),
        ("status", "tell where plug-ins are, and check them", _status),
    ):
        action = actions.add_parser(name, help=text, description=text)
        nargs = None if name == "install" else "?"
        action.add_argument("host", choices=[*_HOSTS, "all"], default="all", nargs=nargs)
        action.add_argument(
            "--where",
            type=Path,
            metavar="DIR",
            help="GIMP's plug-ins folder or Krita's resource folder, where it is not found",
        )
        action.set_defaults(run=run)
    pack = actions.add_parser("pack", help="write both plug-ins as zip files")
    pack.add_argument("folder", type=Path)
    pack.set_defaults(run=_pack)


def _places(arguments: argparse.Namespace) -> Iterator[Place]:
    hosts = _HOSTS if arguments.host == "all" else (arguments.host,)
    for host in hosts:
        if arguments.where and len(hosts) == 1:
            config = arguments.where.parent / "kritarc" if host == "krita" else None
            yield Place(host, "chosen", arguments.where, config)
        else:
            yield from places(host, this_machine())


def _install(arguments: argparse.Namespace) -> int:
    found = list(_places(arguments))
    for place in found:
        install(place)
        good = _report(place)
        print("  restart the program to see it" if good else "  see docs/ of this plug-in")
    if not found:
        print(f"No {arguments.host} was found. Name its folder with --where.")
    return Exit.OK if found else Exit.NO_PLUGIN


def _uninstall(arguments: argparse.Namespace) -> int:
    removed = [place for place in _places(arguments) if uninstall(place)]
    for place in removed:
        print(f"removed from {place.host} ({place.kind}): {place.folder}")
    if not removed:
        print("No plug-in of frisket was installed.")
    return Exit.OK if removed else Exit.NO_PLUGIN


def _status(arguments: argparse.Namespace) -> int:
    found = list(_places(arguments))
    if not found:
        print("Neither GIMP 3 nor Krita was found. Name a folder with --where.")
        return Exit.NO_PLUGIN
    results = [_report(place) for place in found]
    return Exit.OK if all(results) else Exit.BAD_PLUGIN


def _pack(arguments: argparse.Namespace) -> int:
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for host in _HOSTS:
        archive = arguments.folder / f"frisket-{host}-{VERSION}.zip"
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch) / host
            bundle.assemble(host, tree)
            # Krita's importer wants the .desktop file at the root of the archive.
            root = tree / "pykrita" if host == "krita" else tree
            if host == "krita":
                shutil.move(tree / "actions", root / "actions")
            bundle.pack(root, archive)
        print(archive)
    return Exit.OK


def install(place: Place) -> None:
    """Copy a plug-in into a place, over an older one, and switch it on."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / place.host
        bundle.assemble(place.host, tree)
        bundle.record(place.host, tree)
        uninstall(place)
        shutil.copytree(tree, place.folder, dirs_exist_ok=True)
    if place.config:
        switch(place.config, True)


def uninstall(place: Place) -> bool:
    """Remove a plug-in that `install` put there; tell whether there was one."""
    folder = bundle.inner_folder(place.host, place.folder)
    there = folder.is_dir()
    if there:
        shutil.rmtree(folder)
    if place.host == "krita":
        (place.folder / "pykrita" / "frisket_cutout.desktop").unlink(missing_ok=True)
        (place.folder / "actions" / "frisket_cutout.action").unlink(missing_ok=True)
    if place.config and place.config.is_file():
        switch(place.config, False)
    return there


def switch(config: Path, on: bool) -> None:
    """Enable the plug-in in a kritarc, or forget it; every other line stays as it is."""
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    lines = [line for line in text.splitlines() if not line.startswith(f"{_SWITCH}=")]
    if on:
        if "[python]" not in lines:
            lines += ["", "[python]"] if lines else ["[python]"]
        lines.insert(lines.index("[python]") + 1, f"{_SWITCH}=true")
    elif lines == text.splitlines():
        return
    config.parent.mkdir(parents=True, exist_ok=True)
    fresh = config.with_name(config.name + ".frisket-new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(config)


def _report(place: Place) -> bool:
    """Print the state of one place; tell whether all is well."""
    folder = bundle.inner_folder(place.host, place.folder)
    if not folder.is_dir():
        print(f"{place.host} ({place.kind}): not installed in {place.folder}")
        return True
    facts = read_json(folder / "install.json")
    print(f"{place.host} ({place.kind}): {facts.get('version', 'unknown')} in {folder}")
    findings = list(_check(place, folder))
    for finding in findings:
        print(f"  {'ok  ' if finding.good else 'FAIL'} {finding.text}")
    return all(finding.good for finding in findings)


def _check(place: Place, folder: Path) -> Iterator[selfcheck.Finding]:
    same = read_json(folder / "install.json").get("version") == VERSION
    yield selfcheck.Finding(same, f"it is this frisket's version, {VERSION}")
    yield from selfcheck.check_folder(folder, _ENTRY[place.host])
    broken = [path.name for path in folder.rglob("*.py") if not _parses(path)]
    yield selfcheck.Finding(not broken, f"it is valid Python 3.10 {broken or ''}".strip())
    if place.config:
        text = place.config.read_text(encoding="utf-8") if place.config.is_file() else ""
        enabled = f"{_SWITCH}=true" in text.splitlines()
        yield selfcheck.Finding(enabled, f"it is switched on in {place.config}")
        desktop = place.folder / "pykrita" / "frisket_cutout.desktop"
        yield selfcheck.Finding(desktop.is_file(), f"Krita is told of it by {desktop}")


def _parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes(), feature_version=_LEAST_PYTHON)
    except SyntaxError:
        return False
    return True
