"""Which packages frisket asks for, and which of them are here: read from its own metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from frisket.about import DISTRIBUTION
from frisket.extras import advise_install, choose_extra

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?$")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)[\"']")
_FLOOR = re.compile(r">=\s*([0-9][0-9.]*)")
_SHARED = "engine"
RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
"""Packages that bring the same module: at most one may be here."""


@dataclass(frozen=True)
class Requirement:
    """One line of a distribution's dependencies.

    Attributes:
        name: of the package.
        floor: the least version, or empty.
        extra: what asks for it; empty for the base installation.
        conditional: whether it is asked for on some systems only.
    """

    name: str
    floor: str = ""
    extra: str = ""
    conditional: bool = False

    @property
    def present(self) -> str:
        """The version that is installed; empty for none."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""

    def check(self) -> tuple[bool, str]:
        """Return whether it is well, and a sentence."""
        found = self.present
        if not found:
            # What the server's extras share is an extra of its own, which nobody installs.
            extra = choose_extra() if self.extra == _SHARED else self.extra
            advice = f"; {advise_install(extra)}" if extra else "; install frisket again"
            return self.conditional, f"{self.name} is not installed{advice}"
        if _number(found) < _number(self.floor):
            return False, f"{self.name} {found} is too old: frisket needs {self.floor} or later"
        return True, f"{self.name} {found}"


def list_requirements() -> list[Requirement]:
    """Return what the base installation and those extras need that are installed here."""
    everything = list(_read_requirements())
    extras = {each.extra for each in everything if each.extra}
    chosen = {extra for extra in extras if _is_chosen(extra, everything)} | {""}
    found: dict[str, Requirement] = {}
    for each in everything:
        if each.extra in chosen:
            found.setdefault(each.name, each)
    return list(found.values())


def _read_requirements() -> Iterator[Requirement]:
    for line in requires(DISTRIBUTION) or ():
        match = _REQUIREMENT.match(line.strip())
        if match and match.group(1) != DISTRIBUTION:
            name, limits, marker = match.group(1), match.group(2), match.group(3) or ""
            extra, floor = _EXTRA.search(marker), _FLOOR.search(limits)
            rest = _EXTRA.sub("", marker).replace("and", "").strip(" ()")
            yield Requirement(
                name=name,
                floor=floor.group(1) if floor else "",
                extra=extra.group(1) if extra else "",
                conditional=bool(rest),
            )


def _is_chosen(extra: str, everything: list[Requirement]) -> bool:
    """Tell whether somebody asked for an extra: what only it brings is here."""
    if extra in ("server", "gpu") and extra != choose_extra():
        # Their packages are the same but for the runtime; the other one is never advised.
        return False
    others = {each.name for each in everything if each.extra != extra}
    own = [each for each in everything if each.extra == extra and each.name not in others]
    return any(each.present for each in own)


def list_runtimes() -> list[str]:
    """Return the packages of ONNX Runtime that are installed, with their versions."""
    runtimes = map(Requirement, RUNTIMES)
    return [f"{each.name} {each.present}" for each in runtimes if each.present]


def _number(text: str) -> tuple[int, ...]:
    """Return a version as numbers, as far as it has them: "1.26.0rc1" is (1, 26, 0)."""
    parts = []
    for part in text.split("."):
        digits = re.match(r"\d+", part)
        if not digits:
            break
        parts.append(int(digits.group()))
    return tuple(parts)
