"""What a recipe may hold: the options of `frisket batch` and of `frisket watch`."""

from __future__ import annotations

from frisket.cli.batch_options import BATCH_OPTIONS
from frisket.cli.watch_options import WATCH_OWN

# What is said of one run, and not of a kind of work.
_OF_ONE_RUN = frozenset(
    {
        *("recipe", "journal", "redo", "force", "dry-run", "status", "events", "json"),
        *("quiet", "verbose", "no-progress", "open", "once", "print-unit"),
    }
)
RECIPE_OPTIONS = {
    row.name: row for row in (*BATCH_OPTIONS, *WATCH_OWN) if row.name not in _OF_ONE_RUN
}
"""By name."""
