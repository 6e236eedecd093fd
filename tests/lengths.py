"""How much is tried: a seeded sample in each run of the suite, all of it by `make trials`."""

from __future__ import annotations

import os
from typing import TypeVar

WHOLE = os.environ.get("FRISKET_TRIALS") == "whole"
SEED = int(os.environ.get("FRISKET_TRIAL_SEED", "7"))

Length = TypeVar("Length")


def pick(sample: Length, whole: Length) -> Length:
    """Return what a sample or a whole trial takes."""
    return whole if WHOLE else sample
