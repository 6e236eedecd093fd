"""The options of finishing as keywords of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class FinishKeywords(TypedDict, total=False):
    """How a subject is finished. Each option is that of the command line with the same name.

    Texts are written as there; `correct`, `shadow`, `also` and `step` take one or several.
    """

    background: str
    generator: str
    background_fit: str
    background_offset: str
    shadow: str | Sequence[str]
    canvas: str
    crop: str
    aspect: str
    align: str
    min_resolution: int
    upsample: bool
    correct: str | Sequence[str]
    softness: str
    defringe: str | float
    harmonise: str | float
    blend_seam: str | float
    encode_quality: int
    max_bytes: str | int
    dpi: float
    icc: str
    bits: int
    metadata: str
    private: bool
    also: str | Sequence[str]
    overwrite: bool
    step: str | Sequence[str]


class EdgedKeywords(FinishKeywords, total=False):
    """The same, and what `frisket cut` leaves to its server: `shift` and `feather` in pixels."""

    shift: float
    feather: float
