"""Writes the JSON Schema of recipes from the tables of options; `--check` tells if it is fresh."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from frisket.cli.recipe_schema import make_schema

FILE = Path(__file__).resolve().parents[1] / "docs" / "assets" / "recipe.schema.json"


def main() -> int:
    """Write the file, or return 1 where it is not what it would be."""
    wanted = json.dumps(make_schema(), indent=2) + "\n"
    if "--check" not in sys.argv[1:]:
        FILE.write_text(wanted, encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{FILE} is stale: run scripts/generate_recipe_schema.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
