"""Write the module of frisket's name and version from pyproject.toml.

    python scripts/generate_about.py           # write proto/frisket/about.py
    python scripts/generate_about.py --check   # exit 1 when the committed module is stale

The command and every message read the version from there: asking the metadata of what is
installed takes longer than many a command, and in a checkout it may be that of yesterday.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

ROOT = Path(__file__).resolve().parent.parent
ABOUT = ROOT / "proto" / "frisket" / "about.py"
TEMPLATE = '''\
"""Names and version of frisket, written by scripts/generate_about.py from pyproject.toml."""

NAME = "{command}"
DISTRIBUTION = "{name}"
VERSION = "{version}"
'''


def render() -> str:
    """Return the module's text."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (command,) = project["scripts"]
    return TEMPLATE.format(command=command, name=project["name"], version=project["version"])


def main() -> int:
    """Write the module, or check it, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        ABOUT.write_text(render(), encoding="utf-8")
    elif ABOUT.read_text(encoding="utf-8") != render():
        print("about.py is stale: run python scripts/generate_about.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
