"""Files that the values of options name: found, and settled by whoever says where they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from frisket.cli.options import Option


def settle_file(row: Option, value: Any, settle: Callable[[Path], Path]) -> Any:
    """Return an option's value with the file that it names where it really lies.

    Some options name nothing but files, a profile may be one, and so may a background.

    Args:
        row: the option.
        value: as the option reads it; a value that names no file stays as it is.
        settle: returns where a named file lies, and may refuse it.
    """
    if isinstance(value, Path):
        return settle(value)
    if row.name != "background":
        return value
    # Imported here: whoever names no background does not wait for what computes them.
    from frisket.finish.background import Backdrop

    if isinstance(value, Backdrop):
        return replace(value, path=settle(value.path))
    return value
