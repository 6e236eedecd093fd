"""Where models run, and what is done with them there: the words of `placement.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Device:
    """Where models run.

    Attributes:
        name: as the registry knows it.
        budget_bytes: what models may take there together; 0 means no limit.
    """

    name: str
    budget_bytes: int = 0

    def excess(self, size: int) -> int:
        """Return by how many bytes `size` passes the budget."""
        return max(0, size - self.budget_bytes) if self.budget_bytes else 0


@dataclass(frozen=True)
class Open:
    """Open a model; then say `opened` or `failed`."""

    copy: int
    name: str
    device: str


@dataclass(frozen=True)
class Close:
    """Close a model that nobody uses any more; then say `closed`."""

    copy: int
    device: str


@dataclass(frozen=True)
class Grant:
    """Give an open model to who asked; then it is in use until `release`."""

    ticket: int
    copy: int


@dataclass(frozen=True)
class Refuse:
    """Tell who asked that the model cannot be had."""

    ticket: int
    error: Exception


Action: TypeAlias = Open | Close | Grant | Refuse
