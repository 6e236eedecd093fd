"""OpenEXR, read through OpenImageIO, which the ``[exr]`` extra brings."""

from .document import ExrDocument

__all__ = ["ExrDocument"]
