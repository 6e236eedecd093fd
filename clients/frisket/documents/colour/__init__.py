"""PageSamples: colour management, averaging, and views of an alpha."""

from .colour import Colour

__all__ = ["Colour"]
