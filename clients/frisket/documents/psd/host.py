"""What holds Photoshop layers: a PSD, a PSB, or the block that a TIFF carries."""

from __future__ import annotations

from typing import Protocol

from ..core.model import Layer
from ..io.source import Source
from .structure import Structure
from .tree import Node


class LayerHost(Protocol):
    """Enough of a document to read its layers and to splice into them."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def source(self) -> Source:
        """The file's bytes."""

    @property
    def structure(self) -> Structure:
        """Where everything is."""

    @property
    def mode(self) -> str:
        """Colour mode."""

    @property
    def icc_profile(self) -> bytes | None:
        """ICC profile."""

    @property
    def nodes(self) -> list[Node]:
        """Layers with their records, topmost first."""

    def find_node(self, layer: Layer) -> Node:
        """Return the record behind a layer."""

    def count_colours(self) -> int:
        """Return how many channels are colour."""


class MergedHost(LayerHost, Protocol):
    """What has a merged image as well."""

    @property
    def width(self) -> int:
        """Columns of the canvas."""

    @property
    def height(self) -> int:
        """Rows of the canvas."""

    def check_channels(self) -> None:
        """Refuse a header with fewer channels than its colour mode needs."""
