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
from frisket.cli.plugin_places import HOSTS, Place, this_machine
from frisket.hosts import selfcheck
from frisket.hosts.settings import read_json

_LEAST_PYTHON = (3, 10)


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
        action.add_argument("host", choices=[*HOSTS, "all"], default="all", nargs=nargs)
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
    hosts = list(HOSTS.values()) if arguments.host == "all" else [HOSTS[arguments.host]]
    for host in hosts:
        if arguments.where and len(hosts) == 1:
            yield host.choose_place(arguments.where)
        else:
            yield from host.find_places(this_machine())


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
        print(f"removed from {place.host.name} ({place.kind}): {place.folder}")
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
    for host in HOSTS.values():
        archive = arguments.folder / f"frisket-{host.name}-{VERSION}.zip"
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch) / host.name
            bundle.assemble(host, tree)
            root = tree / host.archive_root
            for part in list(tree.iterdir()) if root != tree else ():
                if part != root:
                    shutil.move(part, root / part.name)
            bundle.pack(root, archive)
        print(archive)
    return Exit.OK


def install(place: Place) -> None:
    """Copy a plug-in into a place, over an older one, and switch it on."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / place.host.name
        bundle.assemble(place.host, tree)
        bundle.record(place.host, tree)
        uninstall(place)
        shutil.copytree(tree, place.folder, dirs_exist_ok=True)
    if place.config:
        switch(place.config, place.host.switch, True)


def uninstall(place: Place) -> bool:
    """Remove a plug-in that `install` put there; tell whether there was one."""
    there = place.plugin.is_dir()
    if there:
        shutil.rmtree(place.plugin)
    for name in place.host.beside:
        (place.folder / name).unlink(missing_ok=True)
    if place.config and place.config.is_file():
        switch(place.config, place.host.switch, False)
    return there


def switch(config: Path, key: str, on: bool) -> None:
    """Enable a plug-in in a kritarc, or forget it; every other line stays as it is."""
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    lines = [line for line in text.splitlines() if not line.startswith(f"{key}=")]
    if on:
        if "[python]" not in lines:
            lines += ["", "[python]"] if lines else ["[python]"]
        lines.insert(lines.index("[python]") + 1, f"{key}=true")
    elif lines == text.splitlines():
        return
    config.parent.mkdir(parents=True, exist_ok=True)
    fresh = config.with_name(config.name + ".frisket-new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(config)


def _report(place: Place) -> bool:
    """Print the state of one place; tell whether all is well."""
    folder = place.plugin
    if not folder.is_dir():
        print(f"{place.host.name} ({place.kind}): not installed in {place.folder}")
        return True
    facts = read_json(folder / "install.json")
    print(f"{place.host.name} ({place.kind}): {facts.get('version', 'unknown')} in {folder}")
    findings = list(_check(place))
    for finding in findings:
        print(f"  {'ok  ' if finding.good else 'FAIL'} {finding.text}")
    return all(finding.good for finding in findings)


def _check(place: Place) -> Iterator[selfcheck.Finding]:
    folder = place.plugin
    same = read_json(folder / "install.json").get("version") == VERSION
    yield selfcheck.Finding(same, f"it is this frisket's version, {VERSION}")
    yield from selfcheck.check_folder(folder, place.host.entry)
    broken = [path.name for path in folder.rglob("*.py") if not _parses(path)]
    yield selfcheck.Finding(not broken, f"it is valid Python 3.10 {broken or ''}".strip())
    if place.config:
        text = place.config.read_text(encoding="utf-8") if place.config.is_file() else ""
        enabled = f"{place.host.switch}=true" in text.splitlines()
        yield selfcheck.Finding(enabled, f"it is switched on in {place.config}")
    for path in (place.folder / name for name in place.host.beside):
        yield selfcheck.Finding(path.is_file(), f"{place.host.title} is told of it by {path}")


def _parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes(), feature_version=_LEAST_PYTHON)
    except SyntaxError:
        return False
    return True
