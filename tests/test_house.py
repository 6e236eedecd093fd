"""The house stays in order: namespaces, typed packages, and a session that runs anywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXTS = (".py", ".md", ".sh", ".html")
ROOTS = ("proto", "models", "server", "clients")


@pytest.mark.parametrize("root", ROOTS)
def test_no_init_hides_the_other_roots(root: str) -> None:
    assert not (ROOT / root / "frisket" / "__init__.py").exists()


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_command_starts_without_its_heavy_libraries() -> None:
    code = """
import sys
from frisket.cli.main import build_parser
build_parser('cut')
heavy = ("numpy", "grpc", "PIL", "cv2", "onnxruntime")
print(",".join(name for name in heavy if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "", done.stderr
