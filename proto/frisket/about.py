"""Names and version of frisket, written by scripts/generate_about.py from pyproject.toml."""

NAME = "frisket"
DISTRIBUTION = "frisket-matting"
VERSION = "0.1.0"
