"""What a user may choose among and a server must know. `matting.proto` says what each means."""

from __future__ import annotations

import re

QUALITIES = ("draft", "standard", "high", "best")
"""How much work the edge gets, from the least to the most."""
DEFAULT_QUALITY = "standard"

NORMALISE_OFF, NORMALISE_AUTO = "off", "auto"
NORMALISE_STEPS = ("exposure", "white-balance", "denoise", "clahe")
"""What may be corrected in the picture that the model sees, in the order it is done."""

KEY_MODEL = "key"
"""The model that finds the screen's colour itself; others of its family have it in their names."""
SCREENS = ("auto", "green", "blue")
"""The screens that have words; any other is #RRGGBB."""
KEY_COLOUR = re.compile(f"{KEY_MODEL}-([0-9a-f]{{6}})")
"""The name of the model of a screen of any colour."""

DEVICES = ("auto", "cpu", "cuda", "tensorrt")
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


def name_key_model(screen: str) -> str:
    """Return the model that keys a screen: one of `SCREENS`, or #RRGGBB.

    Raises:
        ValueError: it is neither.
    """
    if screen == SCREENS[0]:
        return KEY_MODEL
    name = f"{KEY_MODEL}-{screen.lower().removeprefix('#')}"
    if screen in SCREENS or (screen.startswith("#") and KEY_COLOUR.fullmatch(name)):
        return name
    raise ValueError(f"{screen!r} is no screen: use {', '.join(SCREENS)} or a colour as #00b140")
