"""Where no server can run, one sentence says so and how to change it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from frisket.server_needs import NEEDS, explain_lack

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
# The command in an interpreter that lacks some modules, as a smaller installation does.
LACKING = """
import sys, json
lacking = set(json.loads(sys.argv.pop(1)))

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in lacking:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from frisket.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def run(lacking: list[str], home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LACKING, json.dumps(lacking), *map(str, words)]
    environ = {"FRISKET_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)


def test_the_table_is_part_of_the_extra() -> None:
    packages = {Requirement(line).name for line in EXTRAS["server"] + EXTRAS["engine"]}
    assert set(NEEDS.values()) <= packages
    assert explain_lack() == ""


@pytest.mark.parametrize(
    "words",
    [
        ("cut", "a.png", "-o", "b.png"),
        ("serve",),
        ("serve", "--listen", "127.0.0.1:0", "--device", "cpu", "--threads", "2"),
        ("server", "restart"),
    ],
    ids=" ".join,
)
def test_no_server_here(words: tuple[str, ...], tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    named = [tmp_path / word if word.endswith(".png") else word for word in words]
    done = run(list(NEEDS), tmp_path, *named)
    assert done.returncode == 7, done.stderr
    assert done.stderr == (
        "frisket: This installation has no server; "
        'run in frisket\'s checkout: pip install ".[server]"\n'
    )
    assert not (tmp_path / "run").exists(), "nothing was started"


def test_doctor_says_it_too(tmp_path: Path) -> None:
    done = run(list(NEEDS), tmp_path, "doctor")
    assert done.returncode == 1
    assert "BAD  This installation has no server; run in frisket's checkout" in done.stdout
    assert "Traceback" not in done.stderr


def test_python_says_it_too(tmp_path: Path) -> None:
    code = LACKING[: LACKING.index("from frisket.cli")] + (
        "from frisket import FrisketError, cut\n"
        "from PIL import Image\n"
        "Image.new('RGB', (40, 30)).save(sys.argv[1])\n"
        "try: cut(sys.argv[1], sys.argv[1] + '.out.png')\n"
        "except FrisketError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code, json.dumps(list(NEEDS)), str(tmp_path / "a.png")]
    environ = {"FRISKET_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)
    assert done.stdout.startswith("This installation has no server;"), done.stderr


@pytest.mark.parametrize("module", sorted(NEEDS))
def test_a_part_that_is_missing_is_named(module: str, tmp_path: Path) -> None:
    done = run([module], tmp_path, "serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 7
    assert f"The server's {NEEDS[module]} is not installed; run in" in done.stderr
    assert done.stderr.count("\n") == 1
