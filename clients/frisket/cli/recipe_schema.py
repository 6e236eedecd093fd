"""The JSON Schema of recipes, made of the option rows: editors complete and check with it."""

from __future__ import annotations

from typing import Any

from frisket.cli.options import Option
from frisket.cli.recipe_options import RECIPE_OPTIONS
from frisket.finish.readers import Number

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def make_schema() -> dict[str, Any]:
    """Return the schema."""
    return {
        "$schema": _DRAFT,
        "title": "A recipe of frisket batch",
        "type": "object",
        "properties": {name: _describe(row) for name, row in RECIPE_OPTIONS.items()},
        "additionalProperties": False,
    }


def _describe(row: Option) -> dict[str, Any]:
    told: dict[str, Any] = {"description": row.help}
    if row.default not in (None, ""):
        told["default"] = row.default
    one = _one_value(row)
    if row.repeats:
        return told | {"anyOf": [one, {"type": "array", "items": one}]}
    return told | one


def _one_value(row: Option) -> dict[str, Any]:
    if row.is_switch:
        return {"type": "boolean"}
    if row.choices:
        return {"enum": list(row.choices)}
    if isinstance(row.kind, Number):
        kind = "integer" if row.kind.whole else "number"
        least = "exclusiveMinimum" if row.kind.exclusive else "minimum"
        return {"type": kind, least: row.kind.low, "maximum": row.kind.high}
    if row.whole:
        return {"type": "integer", "minimum": 0}
    return {"type": ["string", "array"] if row.takes_several else "string"}
