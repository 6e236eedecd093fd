"""`frisket plugins`: puts the plug-ins into GIMP and Krita, and takes them out again."""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frisket.about import VERSION
from frisket.cli import plugin_bundle as bundle
from frisket.cli.commands import COMMANDS
from frisket.cli.errors import report
from frisket.cli.exits import Exit
from frisket.cli.options import path
from frisket.cli.plugin_places import HOSTS, Place, this_machine
from frisket.hosts import selfcheck
from frisket.hosts.settings import read_json

_LEAST_PYTHON = (3, 10)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser("plugins", help=COMMANDS["plugins"])
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text, run in (
        ("install", "copy a plug-in into every GIMP or Krita found", _install),
        ("uninstall", "remove a plug-in again", _uninstall),
        ("status", "tell where plug-ins are, and check them", _status),
    ):
        action = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        choices = [*HOSTS, "all"]
        action.add_argument(
            "host", choices=choices, default="all", nargs="?", metavar="HOST",
            help="gimp, krita or all (default)",
        )  # fmt: skip
        action.add_argument(
            "--where",
            type=path,
            metavar="DIR",
            help="GIMP's plug-ins folder or Krita's resource folder, where it is not found",
        )
        action.add_argument("--json", action="store_true", help="one JSON object")
        action.set_defaults(run=run)
    pack = actions.add_parser("pack", help="write both plug-ins as zip files")
    pack.add_argument("folder", type=path, metavar="DIR", help="folder of the zip files")
    pack.set_defaults(run=_pack)


def _places(arguments: argparse.Namespace) -> Iterator[Place]:
    hosts = list(HOSTS.values()) if arguments.host == "all" else [HOSTS[arguments.host]]
    for host in hosts:
        if arguments.where and len(hosts) == 1:
            yield host.choose_place(arguments.where)
        else:
            yield from host.find_places(this_machine())


def _install(arguments: argparse.Namespace) -> int:
    if arguments.where and arguments.host == "all":
        sentence = "--where is the folder of one program; say which: gimp or krita"
        report(sentence, Exit.USAGE, arguments.json)
        return Exit.USAGE
    found = list(_places(arguments))
    if not found:
        return _miss(arguments)
    for place in found:
        install(place)
    states = [_examine(place) for place in found]
    good = all(state.good for state in states)
    _tell(states, arguments)
    if not arguments.json:
        _tell_missing(arguments, found)
        print(
            "Restart the program to see it." if good else "See the page of this plug-in in docs/."
        )
    return Exit.OK if good else Exit.BAD_PLUGIN


def _tell_missing(arguments: argparse.Namespace, found: Sequence[Place]) -> None:
    """Say which of the wanted programs was not found, and where it was looked for."""
    there = {place.host.name for place in found}
    for host in HOSTS.values():
        if arguments.host in ("all", host.name) and host.name not in there:
            print(f"{host.name}: not found; looked for")
            print("\n".join(f"  {folder}" for folder in host.search(this_machine())))
            print(f"  name its folder with 'frisket plugins install {host.name} --where DIR'")


def _uninstall(arguments: argparse.Namespace) -> int:
    removed = [place for place in _places(arguments) if uninstall(place)]
    if not removed:
        report("No plug-in of frisket was installed.", Exit.NO_PLUGIN, arguments.json)
        return Exit.NO_PLUGIN
    if arguments.json:
        print(json.dumps({"removed": [_name_place(place) for place in removed]}))
        return Exit.OK
    for place in removed:
        print(f"removed from {place.host.name} ({place.kind}): {place.folder}")
    return Exit.OK


def _status(arguments: argparse.Namespace) -> int:
    states = [_examine(place) for place in _places(arguments)]
    if not states:
        return _miss(arguments)
    _tell(states, arguments)
    return Exit.OK if all(state.good for state in states) else Exit.BAD_PLUGIN


def _miss(arguments: argparse.Namespace) -> Exit:
    names = {"gimp": "GIMP 3", "krita": "Krita", "all": "GIMP 3 or Krita"}
    sentence = f"No {names[arguments.host]} was found; name its folder with --where DIR."
    report(sentence, Exit.NO_PLUGIN, arguments.json)
    if not arguments.json:
        _tell_missing(arguments, ())
    return Exit.NO_PLUGIN


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


@dataclass(frozen=True)
class State:
    """What was found at one place; `version` is empty where no plug-in is installed."""

    place: Place
    folder: Path
    version: str
    findings: tuple[selfcheck.Finding, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with what is installed there."""
        return all(finding.good for finding in self.findings)


def _examine(place: Place) -> State:
    folder = place.plugin
    if not folder.is_dir():
        return State(place, place.folder, "", ())
    facts = read_json(folder / "install.json")
    return State(place, folder, str(facts.get("version", "unknown")), tuple(_check(place)))


def _tell(states: Sequence[State], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps({"plugins": [_as_dict(state) for state in states]}))
        return
    for state in states:
        where = f"{state.place.host.name} ({state.place.kind})"
        if not state.version:
            print(f"{where}: not installed in {state.folder}")
            continue
        print(f"{where}: {state.version} in {state.folder}")
        for finding in state.findings:
            print(f"  {'ok  ' if finding.good else 'FAIL'} {finding.text}")


def _as_dict(state: State) -> dict[str, Any]:
    return {
        **_name_place(state.place),
        "folder": str(state.folder),
        "version": state.version,
        "good": state.good,
        "findings": [{"good": one.good, "text": one.text} for one in state.findings],
    }


def _name_place(place: Place) -> dict[str, str]:
    return {"host": place.host.name, "kind": place.kind, "folder": str(place.folder)}


def _check(place: Place) -> Iterator[selfcheck.Finding]:
    folder = place.plugin
    same = read_json(folder / "install.json").get("version") == VERSION
    yield selfcheck.Finding(same, f"it is this frisket's version, {VERSION}")
    yield from selfcheck.check_folder(folder, place.host.entry)
    broken = [file.name for file in folder.rglob("*.py") if not _parses(file)]
    yield selfcheck.Finding(not broken, f"it is valid Python 3.10 {broken or ''}".strip())
    if place.config:
        text = place.config.read_text(encoding="utf-8") if place.config.is_file() else ""
        enabled = f"{place.host.switch}=true" in text.splitlines()
        yield selfcheck.Finding(enabled, f"it is switched on in {place.config}")
    for file in (place.folder / name for name in place.host.beside):
        yield selfcheck.Finding(file.is_file(), f"{place.host.title} is told of it by {file}")


def _parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes(), feature_version=_LEAST_PYTHON)
    except SyntaxError:
        return False
    return True
