"""The command works with the base dependencies alone, whatever else is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from frisket.about import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
# The command, in an interpreter that refuses to import what is installed but not declared.
COMMAND = """
import json, os, sys, sysconfig
from importlib.machinery import PathFinder

declared = set(json.load(sys.stdin))
installed = tuple(sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib"))

class Refuse:
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target)
        origin = str(spec.origin) if spec else ""
        if origin.startswith(installed) and origin not in declared:
            raise ModuleNotFoundError(f"{name} is no base dependency", name=name)

sys.meta_path.insert(0, Refuse())
sys.argv[0] = "frisket"
from frisket.cli.main import main
sys.exit(main())
"""
SUBCOMMAND = re.compile(r"^    ([a-z]+)  ", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ADVICE = re.compile(r"\b(?:advise_install\(|MissingExtra\(.*, )[\"'](\w+)[\"']\)")


def walk(requirements: list[str], extras: set[str], seen: set[str]) -> Iterator[str]:
    """Yield the names of all distributions that requirements bring, through one another."""
    for requirement in map(Requirement, requirements):
        wanted = [{"extra": extra} for extra in extras | {""}]
        if requirement.marker and not any(map(requirement.marker.evaluate, wanted)):
            continue
        if requirement.name not in seen:
            seen.add(requirement.name)
            yield requirement.name
            needs = distribution(requirement.name).requires or []
            yield from walk(needs, requirement.extras, seen)


@pytest.fixture(scope="module")
def declared() -> str:
    """Every file of the base dependencies, as JSON."""
    names = list(walk(PROJECT["dependencies"], set(), set()))
    files = [(distribution(name), distribution(name).files or []) for name in names]
    return json.dumps([str(one.locate_file(file)) for one, some in files for file in some])


def run_bare(declared: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        input=declared, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, f"frisket {' '.join(words)}: {done.stderr}"
    return done.stdout


def read_helps(declared: str, *words: str) -> Iterator[str]:
    """Yield the command lines, this one and those below it, whose help could be read."""
    text = run_bare(declared, *words, "--help")
    yield " ".join(words)
    choices = text.partition("positional arguments:")[2].partition("\n\n")[0]
    for name in SUBCOMMAND.findall(choices):
        yield from read_helps(declared, *words, name)


def test_every_help_can_be_read(declared: str) -> None:
    read = set(read_helps(declared))
    assert read >= {"", "cut", "serve", "models", "models pull", "plugins install", "doctor"}


def test_the_version_is_told(declared: str) -> None:
    assert run_bare(declared, "--version") == f"frisket {VERSION}\n"


def test_plug_ins_are_put_together(declared: str, tmp_path: Path) -> None:
    archives = run_bare(declared, "plugins", "pack", str(tmp_path)).split()
    assert len(archives) == 2
    assert all(Path(archive).is_file() for archive in archives)


def test_what_is_not_declared_is_refused(declared: str) -> None:
    with pytest.raises(AssertionError, match="models need the server's packages"):
        run_bare(declared, "models", "add", "mine", "--family", "u2net", "--file", __file__)


def test_messages_advise_extras_that_exist() -> None:
    sources = [
        path for root in ("models", "server", "clients") for path in (ROOT / root).rglob("*.py")
    ]
    advised = {extra for path in sources for extra in ADVICE.findall(path.read_text("utf-8"))}
    assert advised >= {"server", "gpu", "raw"}
    assert advised <= set(PROJECT["optional-dependencies"])
