"""What a user may choose among and a server must know. `matting.proto` says what each means."""

from __future__ import annotations

QUALITIES = ("draft", "standard", "high", "best")
"""How much work the edge gets, from the least to the most."""
DEFAULT_QUALITY = "standard"

NORMALISE_OFF, NORMALISE_AUTO = "off", "auto"
NORMALISE_STEPS = ("exposure", "white-balance", "denoise", "clahe")
"""What may be corrected in the picture that the model sees, in the order it is done."""

DEVICES = ("auto", "cpu", "cuda")
"""Where a server may run its models."""
DEFAULT_DEVICE = "auto"

ALPHA_DEPTHS = (8, 16)
"""Bits of a sample of alpha."""


def quality_wire_name(quality: str) -> str:
    """Return a quality's name in `matting.proto`, which messages take for its value.

    Raises:
        ValueError: there is no such quality.
    """
    if quality not in QUALITIES:
        raise ValueError(f"there is no quality {quality!r}; there are {', '.join(QUALITIES)}")
    return f"QUALITY_{quality.upper()}"
