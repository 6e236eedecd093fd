"""TIFF documents: pages, layers of tag 37724, and splicing into them."""

from .document import TiffDocument

__all__ = ["TiffDocument"]
