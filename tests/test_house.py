"""The house stays in order: namespaces, typed packages, and a session that runs anywhere."""

from __future__ import annotations

import ast
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

import frisket

ROOT = Path(__file__).resolve().parent.parent
TEXTS = (".py", ".md", ".sh", ".html")
ROOTS = ("proto", "models", "server", "clients")


def test_one_root_joins_the_others_and_none_hides_them() -> None:
    fronts = [root for root in ROOTS if (ROOT / root / "frisket" / "__init__.py").exists()]
    assert fronts == ["clients"]


@pytest.mark.parametrize("first", range(len(ROOTS)))
def test_the_roots_join_in_any_order(first: int) -> None:
    order = [str(ROOT / root) for root in (*ROOTS[first:], *ROOTS[:first])]
    # Without `site` the editable install's own list of roots is not read.
    code = f"""
import sys
sys.path += {order + site.getsitepackages()!r}
import frisket.client, frisket.models, frisket.server, frisket.v1
from frisket import FrisketError
"""
    done = run_python(code, "-S")
    assert done.returncode == 0, done.stderr


def test_the_front_door_gives_every_name_it_promises() -> None:
    assert sorted(set(dir(frisket))) == sorted(frisket.__all__)
    for name in frisket.__all__:
        assert getattr(frisket, name)
    with pytest.raises(AttributeError, match="no attribute 'matting_in_a_box'"):
        frisket.matting_in_a_box  # noqa: B018


def test_the_front_door_is_cheap() -> None:
    done = run_python(
        "import sys; old = {*sys.modules}; import frisket; print(*{*sys.modules} - old)"
    )
    assert set(done.stdout.split()) <= {"frisket", "__future__"}, done.stderr


def test_nothing_tells_the_user_to_install_a_stranger() -> None:
    """On the package index the name is another project's: only the checkout is installed."""
    folders = [ROOT / name for name in (*ROOTS, "docs", "scripts", "benchmarks")]
    pages = [page for folder in folders for page in folder.rglob("*") if page.suffix in TEXTS]
    pages.append(ROOT / "README.md")
    assert len(pages) > 200
    wrong = re.compile(r"pip install (?:-\S+ +)*[\"']?frisket\b")
    assert [page for page in pages if wrong.search(page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("root", ROOTS)
def test_every_package_says_it_is_typed(root: str) -> None:
    packages = [path for path in (ROOT / root / "frisket").iterdir() if path.is_dir()]
    packages = [path for path in packages if list(path.glob("*.py"))]
    assert packages
    assert [path.name for path in packages if not (path / "py.typed").exists()] == []


def test_functions_and_files_stay_short() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.split() if "_pb2" not in name]
    if not files:
        pytest.skip("this is no checkout")
    sources = {path: path.read_text(encoding="utf-8") for path in files if path.exists()}
    assert [path for path, text in sources.items() if text.count("\n") > 400] == []
    nodes = ((path, node) for path, text in sources.items() for node in ast.walk(ast.parse(text)))
    found = [
        f"{path}: {node.name}"
        for path, node in nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= 40
    ]
    assert found == []


def run_python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_session_imports_without_numpy_and_grpc() -> None:
    code = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "grpc", "PIL", "tifffile", "cv2"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import frisket.client.session, frisket.client.drive, frisket.client.discovery
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_no_command_starts_with_heavy_libraries() -> None:
    code = """
import sys
from frisket.cli.commands import COMMANDS
from frisket.cli.main import build_parser
heavy = ("numpy", "grpc", "PIL", "cv2", "onnxruntime", "pyvips", "urllib.request")
for command in COMMANDS:
    build_parser(command)
    print(*(f"{command}: {name}\\n" for name in heavy if sys.modules.pop(name, None)), end="")
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
