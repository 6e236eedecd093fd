"""What fixtures that make pixels give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[Any]
Picture: TypeAlias = Callable[..., Samples]


def ramp(width: int, height: int, depth: int) -> Samples:
    """An alpha of 8 or 16 bits that differs from pixel to pixel."""
    values = np.add.outer(np.arange(height), np.arange(width)).astype("u2") * np.uint16(37)
    return np.asarray(values if depth > 8 else values.astype("u1"))
