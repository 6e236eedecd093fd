"""PSD and PSB documents: an index of structures, channels by rows, and splicing."""

from .document import PsdDocument

__all__ = ["PsdDocument"]
