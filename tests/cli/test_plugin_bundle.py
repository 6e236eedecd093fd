"""What a plug-in carries is all that it imports, nothing in vain, and runs in a bare Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackagePath, distribution
from pathlib import Path

import pytest

from frisket.cli import plugin_bundle as bundle
from frisket.cli.plugin_places import HOSTS

# What only a check of an installed plug-in inside its host imports, and what only the roots that
# are not carried share; and frames, which no host sends yet.
UNUSED = {
    "frisket.client.sequence",
    "frisket.hosts.conformance",
    "frisket.hosts.memory",
    "frisket.hosts.scripted",
    "frisket.hosts.staging",
    "frisket.protocol.devices",
    "frisket.protocol.heap",
    "frisket.protocol.printable",
}
# Imports every module that lies in the folder given, with nothing else but the standard library.
IMPORT_ALL = """
import importlib, os, pathlib, sys
vendor = pathlib.Path(sys.argv[1])
sys.path.append(str(vendor))
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
for path in sorted(vendor.joinpath("frisket").rglob("*.py")):
    parts = path.relative_to(vendor).with_suffix("").parts
    importlib.import_module(".".join(part for part in parts if part != "__init__"))
strangers = [
    name for name, module in sys.modules.items()
    if "site-packages" in str(getattr(module, "__file__", ""))
    or name.partition(".")[0] in ("numpy", "grpc", "PIL")
]
print(*strangers)
"""


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    for name, host in HOSTS.items():
        bundle.assemble(host, folder / name)
    return {name: folder / name for name in HOSTS}


def vendor_of(host: str, trees: dict[str, Path]) -> Path:
    return HOSTS[host].inner_folder(trees[host]) / "_vendor"


def carried(vendor: Path) -> dict[str, Path]:
    """Modules of frisket by name."""
    found = {}
    for path in vendor.joinpath("frisket").rglob("*.py"):
        name = ".".join(path.relative_to(vendor).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("host", HOSTS)
def test_every_module_imports_in_a_bare_python(host: str, trees: dict[str, Path]) -> None:
    python = getattr(sys, "_base_executable", sys.executable)
    command = [python, "-S", "-I", "-c", IMPORT_ALL, str(vendor_of(host, trees))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_no_module_is_carried_in_vain(trees: dict[str, Path]) -> None:
    reached: set[str] = set()
    for host in HOSTS:
        modules = carried(vendor_of(host, trees))
        waiting = [path for path in trees[host].rglob("*.py") if "_vendor" not in path.parts]
        while waiting:
            fresh = {name for name in imports(waiting.pop()) if name in modules} - reached
            reached |= fresh
            waiting += [modules[name] for name in fresh]
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    assert set(modules) - packages - reached == UNUSED


@pytest.mark.parametrize("host", HOSTS)
def test_whole_rooms_are_carried_and_no_other(host: str, trees: dict[str, Path]) -> None:
    rooms = {name.split(".")[1] for name in carried(vendor_of(host, trees)) if "." in name}
    assert rooms == {"about", "client", "hosts", "protocol", "v1"}
    assert not list(vendor_of(host, trees).rglob("*_pb2_grpc.py"))


@pytest.mark.parametrize("host", HOSTS)
def test_its_front_door_looks_for_nothing_elsewhere(host: str, trees: dict[str, Path]) -> None:
    """Another frisket on the path must not mix in."""
    door = vendor_of(host, trees) / "frisket" / "__init__.py"
    tree = ast.parse(door.read_bytes())
    assert [type(node) for node in tree.body] == [ast.Expr]


@pytest.mark.parametrize("host", HOSTS)
def test_the_licence_of_all_that_is_carried_travels_along(
    host: str, trees: dict[str, Path]
) -> None:
    folder = vendor_of(host, trees) / "licences"
    texts = {path.stem: " ".join(path.read_text("utf-8").split()) for path in folder.iterdir()}
    assert texts.keys() == {"frisket", "NOTICE", "h2", "hpack", "hyperframe", "protobuf"}
    assert "Apache License Version 2.0" in texts["frisket"]
    for name in ("h2", "hpack", "hyperframe", "protobuf"):
        files = [file for file in files_of(name) if "LICENSE" in file.name]
        shipped = [" ".join(file.locate().read_text("utf-8").split()) for file in files]
        assert texts[name] in shipped, f"{name} has another licence than LICENSES/{name}.txt"


def files_of(name: str) -> list[PackagePath]:
    return distribution(name).files or []
