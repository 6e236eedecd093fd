"""What matting cannot do, each in one sentence meant for the user."""

from __future__ import annotations

from frisket.protocol.errors import FrisketError


class MattingError(FrisketError):
    """Base of every error of this room."""


class BadInput(MattingError, ValueError):
    """A picture, a hint or a control that cannot be worked with."""


class UnknownClass(MattingError):
    """A class was asked for that the model does not have."""
