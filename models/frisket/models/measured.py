"""How graphs run best on this machine, kept in frisket's home."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frisket.about import VERSION
from frisket.protocol.printable import make_printable

from .backends.plans import PLANS, Plan
from .core.errors import ModelError
from .files import read_json, write_json


class Record:
    """What was measured on this machine, in a file of frisket's home.

    A file that another version wrote, or that cannot be read, counts as empty; where it cannot
    be written, this process alone remembers.

    Args:
        home: frisket's folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "plans.json"
        self._fresh: dict[str, Any] = {}

    def find(self, key: str) -> Plan | None:
        """Return the plan that was best for a key, if it was measured."""
        found = self.read().get(key)
        name = found.get("plan") if isinstance(found, dict) else None
        return PLANS.get(name) if isinstance(name, str) else None

    def keep(self, key: str, name: str, plan: Plan, seconds: Mapping[str, float]) -> None:
        """Remember what was measured of a graph."""
        rounded = {which: round(taken, 4) for which, taken in seconds.items()}
        self._fresh[key] = {"graph": name, "plan": plan.name, "seconds": rounded}
        with contextlib.suppress(ModelError):
            write_json(self._path, {"version": VERSION, "measured": self.read()})

    def list_measured(self) -> list[tuple[str, Plan, dict[str, float]]]:
        """Return each graph's name, its plan, and the seconds of every plan."""
        found = []
        for key, entry in self.read().items():
            if (plan := self.find(key)) and isinstance(entry.get("seconds"), dict):
                seconds = {
                    name: float(taken)
                    for name, taken in entry["seconds"].items()
                    if name in PLANS and isinstance(taken, int | float)
                }
                found.append((make_printable(str(entry.get("graph")), 100), plan, seconds))
        return found

    def read(self) -> dict[str, Any]:
        """Return what was measured, by key."""
        kept: dict[str, Any] = {}
        with contextlib.suppress(ModelError):
            kept = read_json(self._path)
        measured = kept.get("measured") if kept.get("version") == VERSION else None
        return {**(measured if isinstance(measured, dict) else {}), **self._fresh}
