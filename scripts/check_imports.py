"""Checks that the rooms import one way, by the contracts in pyproject.toml.

import-linter reads one folder, and frisket's rooms lie under several roots; so it is shown a
copy in which they lie side by side, as in a wheel.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
ROOTS = ("clients", "models", "proto", "server")


def main() -> int:
    """Return import-linter's exit status."""
    with tempfile.TemporaryDirectory() as folder:
        for root in ROOTS:
            shutil.copytree(ROOT / root / "frisket", Path(folder, "frisket"), dirs_exist_ok=True)
        sys.path.insert(0, folder)
        return lint_imports(str(ROOT / "pyproject.toml"), no_cache=True)


if __name__ == "__main__":
    sys.exit(main())
