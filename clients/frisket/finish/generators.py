"""Generators of backgrounds: programs of the user's own that run as processes of their own.

Which there are stands in `generators.toml` in frisket's folder, and nowhere else: a recipe or a
script names one and can start nothing by itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from frisket.nearest import find_nearest
from frisket.protocol.home import home

from .errors import BadFinish

PROGRAM = Path(__file__).with_name("diffuse.py")
"""What runs a pipeline of diffusers; it needs nothing of frisket."""
_LARGEST_BYTES = 1 << 16
_FORBIDDING = re.compile(r"(?:^|[-_ ])nc(?:$|[-_ ])|non-?commercial|research-only", re.IGNORECASE)
_LICENCE = re.compile(r"^(license|license_name)\s*:\s*[\"']?([\w .+-]+)", re.MULTILINE)
_KEYS: dict[str, type | tuple[type, ...]] = {
    "pipeline": str, "command": list, "python": str, "device": str, "licence": str,
    "accepted": bool, "steps": int, "side": int, "multiple": int, "minutes": (int, float),
}  # fmt: skip
_RANGES = {"steps": (1, 1000), "side": (64, 8192), "multiple": (1, 256), "minutes": (0.01, 1440)}


@dataclass(frozen=True)
class Generator:
    """A program that makes backgrounds.

    Attributes:
        name: in `generators.toml`.
        command: what is started.
        model: for people; a pipeline's folder or name.
        licence: of the model; empty where nobody says.
        accepted: whether the user has accepted a licence that forbids commercial use.
        device: what it runs on; empty for its own choice.
        steps: of it; 0 for its own choice.
        side: the longer side of what it makes at most, in pixels.
        multiple: what both sides are multiples of.
        minutes: how long it may take.
    """

    name: str
    command: tuple[str, ...]
    model: str = ""
    licence: str = ""
    accepted: bool = False
    device: str = ""
    steps: int = 0
    side: int = 1024
    multiple: int = 8
    minutes: float = 30.0

    def choose_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size to ask for, for a canvas of a size: nearly its ratio, and no larger."""
        scale = min(1.0, self.side / max(width, height))
        across, down = (
            max(1, round(one * scale / self.multiple)) * self.multiple for one in (width, height)
        )
        return across, down


def config_file() -> Path:
    """Return where the user's generators stand, whether there are any or not."""
    return home() / "generators.toml"


def find_generator(name: str) -> Generator:
    """Return a generator by its name; the only one, or the one called "default", without a name.

    Raises:
        BadFinish: there is none, or the file cannot be used; says what to write into it.
    """
    known = _read_file()
    if not known:
        raise BadFinish(
            f"No generator of backgrounds is configured: write one into {config_file()}, as "
            "docs/finishing.md shows under 'Generated backgrounds'"
        )
    chosen = name or ("default" if "default" in known else next(iter(known)))
    if not name and len(known) > 1 and "default" not in known:
        raise BadFinish(f"There are several generators: add --generator {' or '.join(known)}")
    if chosen not in known:
        near = find_nearest(chosen, known)
        hint = f"; did you mean {near!r}?" if near else ""
        raise BadFinish(f"{chosen!r} is no generator: {config_file()} has {', '.join(known)}{hint}")
    return _build(chosen, known[chosen])


def require_consent(generator: Generator, licence: str) -> None:
    """Check that a licence that forbids commercial use is accepted.

    Raises:
        BadFinish: it is not.
    """
    if _FORBIDDING.search(licence) and not generator.accepted:
        raise BadFinish(
            f"{generator.model or generator.name} is licensed {licence}, which forbids commercial "
            f"use; write accepted = true under [{generator.name}] in {config_file()} to accept it"
        )


def _read_file() -> Mapping[str, Any]:
    try:
        with config_file().open("rb") as file:
            text = file.read(_LARGEST_BYTES).decode("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadFinish(f"{config_file()} cannot be read: {error}") from error
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        tables: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        raise BadFinish(f"{config_file()} is not valid TOML: {error}") from error
    return tables


def _build(name: str, table: Any) -> Generator:
    _check(name, table)
    pipeline, command = table.get("pipeline", ""), tuple(table.get("command", ()))
    if bool(pipeline) == bool(command):
        raise BadFinish(f"{config_file()}, [{name}] needs either a pipeline or a command")
    if pipeline:
        folder = Path(pipeline).expanduser()
        if folder.is_absolute() and not folder.is_dir():
            raise BadFinish(f"{config_file()}, [{name}]: there is no folder {folder}")
        pipeline = str(folder) if folder.is_dir() else pipeline
        command = (table.get("python", sys.executable), str(PROGRAM), pipeline)
    more = {key: table[key] for key in ("accepted", "device", *_RANGES) if key in table}
    licence = table.get("licence", "") or _read_card(pipeline)
    return Generator(name, command, pipeline or name, licence, **more)


def _check(name: str, table: Any) -> None:
    where = f"{config_file()}, [{name}]"
    if not isinstance(table, dict):
        raise BadFinish(f"{where} is not a table of a generator")
    for key, value in table.items():
        if key not in _KEYS:
            raise BadFinish(f"{where} has no {key!r}: use {', '.join(_KEYS)}")
        right = isinstance(value, _KEYS[key]) and (_KEYS[key] is bool or value is not True)
        low, high = _RANGES.get(key, (None, None))
        if not right or (low is not None and not low <= value <= high):
            raise BadFinish(f"{where}: {key} cannot be {value!r}")
    if not all(isinstance(one, str) for one in table.get("command", ())):
        raise BadFinish(f"{where}: command is a list of texts")


def _read_card(pipeline: str) -> str:
    """Return the licence that the card of a pipeline's folder tells of, or nothing."""
    try:
        with Path(pipeline, "README.md").open("rb") as file:
            head = file.read(_LARGEST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    front = head.split("---")[1] if head.startswith("---") else ""
    found: dict[str, str] = {key: value.strip() for key, value in _LICENCE.findall(front)}
    # One that is "other" has a name of its own.
    return found.get("license_name") or found.get("license", "")
