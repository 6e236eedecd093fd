"""What ends a live picture, each in a sentence a person can act on."""

from __future__ import annotations

from frisket.documents import UnreadableDocument


class NoCamera(UnreadableDocument):
    """There is no such camera, or it cannot be opened."""


class CameraLost(UnreadableDocument):
    """A camera gives no more pictures."""
