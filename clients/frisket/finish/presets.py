"""Canvases by name: those of the package, and the user's own in frisket's folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from frisket.nearest import find_nearest
from frisket.protocol.home import home

from .geometry import ALIGNMENTS, Fill
from .words import MOST_SIDE_PX

_BYS = ("box", "width", "height")
_LARGEST_BYTES = 1 << 16


@dataclass(frozen=True)
class Preset:
    """A canvas that has a name; see presets.toml for what its values mean."""

    name: str
    width: int
    height: int
    fill: Fill = Fill()
    background: str = ""
    minimum: int = 0
    dpi: float = 0.0
    help: str = ""


def user_file() -> Path:
    """Return where the user's own canvases are, whether there are any or not."""
    return home() / "canvases.toml"


@cache
def list_presets() -> Mapping[str, Preset]:
    """Return all canvases by name; the user's own count more.

    Raises:
        ValueError: the user's file cannot be used; names what is wrong in it.
    """
    own = files("frisket.finish").joinpath("presets.toml").read_bytes()
    found = _read(own, "presets.toml")
    try:
        with user_file().open("rb") as file:
            told = file.read(_LARGEST_BYTES)
    except OSError:
        return found
    return found | _read(told, str(user_file()))


def find_preset(name: str) -> Preset:
    """Return a canvas by its name.

    Raises:
        ValueError: there is none; names those that exist.
    """
    presets = list_presets()
    if name in presets:
        return presets[name]
    near = find_nearest(name, presets)
    hint = f"; did you mean {near!r}?" if near else ""
    raise ValueError(
        f"{name!r} is no canvas: use {', '.join(presets)}, or WIDTHxHEIGHT in pixels{hint}"
    )


def _read(data: bytes, where: str) -> dict[str, Preset]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        tables = toml.loads(data.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"'{where}' is not valid TOML: {error}") from error
    return {name: _build(name, table, f"{where}, [{name}]") for name, table in tables.items()}


def _build(name: str, table: Any, where: str) -> Preset:
    if not isinstance(table, dict):
        raise ValueError(f"'{where}' is not a table of a canvas")
    fill = Fill(
        float(_number(table, "fill", where, 0.01, 1, 1.0)),
        _choice(table, "by", where, _BYS, "box"),
        _choice(table, "align", where, tuple(ALIGNMENTS), "centre"),
    )
    return Preset(
        name,
        int(_number(table, "width", where, 1, MOST_SIDE_PX)),
        int(_number(table, "height", where, 1, MOST_SIDE_PX)),
        fill,
        str(table.get("background", "")),
        int(_number(table, "minimum", where, 0, MOST_SIDE_PX, 0)),
        float(_number(table, "dpi", where, 0, 100_000, 0)),
        str(table.get("help", "")),
    )


def _number(
    table: Mapping[str, Any], key: str, where: str, low: float, high: float,
    default: float | None = None,
) -> float:  # fmt: skip
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"'{where}' has no {key} from {low:g} to {high:g}")
    return value


def _choice(
    table: Mapping[str, Any], key: str, where: str, known: tuple[str, ...], default: str
) -> str:
    value = table.get(key, default)
    if value not in known:
        raise ValueError(f"'{where}' has {key} = {value!r}, which is none of {', '.join(known)}")
    return str(value)
