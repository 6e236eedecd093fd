"""What goes wrong in finishing, beside what goes wrong with documents."""

from __future__ import annotations

from frisket.documents import DocumentError
from frisket.protocol.errors import FrisketError


class BadFinish(FrisketError, ValueError):
    """An option of finishing has no such value, or options do not go together."""


class EmptyMatte(DocumentError):
    """The matte shows nothing: there is no subject to finish."""
