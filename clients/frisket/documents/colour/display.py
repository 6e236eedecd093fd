"""Floats that are no light of 0 to 1: from which number to which they are to be shown.

Programs of science and old converters write the numbers of 8 or 16 bits, or measured values, as
floats. Taken as light they would all clip to white.
"""

from __future__ import annotations

import numpy as np

from ..core.pixels import Pixels

_SCALES = (255.0, 65535.0)
_SLACK = 1.002
_LOW, _HIGH = 0.1, 99.9  # percentiles that a stray value does not move


def find_display(
    values: Pixels, told: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return what to show as black and as white; None where floats may be light of 0 to 1.

    Args:
        values: Some of the colours, floats of any shape.
        told: What the file says of it, which counts where the numbers are no light.
    """
    known = values[np.isfinite(values)]
    if not known.size or not _is_beyond_light(known):
        return None
    if told is not None and told[1] > max(told[0], 1):
        return told
    low, high = (float(one) for one in np.percentile(known, (_LOW, _HIGH)))
    for scale in _SCALES:
        if low >= 0 and scale / 16 < high <= scale * _SLACK:
            return 0.0, scale
    return (min(low, 0.0) if low < 1 else low, high) if high > low else None


def _is_beyond_light(known: Pixels) -> bool:
    """Tell whether most lies above 1, or all are whole numbers and some lie above 1."""
    if float(np.median(known)) > 1:
        return True
    return bool(known.max() > 1 and (known == np.rint(known)).all())
