"""What carries Photoshop's image resources, where clipping paths are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..core.resources import ImageResource

if TYPE_CHECKING:
    from .oriented import Turn


class ResourceCarrier(Protocol):
    """A document whose image resources can be read, and changed in a copy."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the copy may be named."""

    @property
    def width(self) -> int:
        """Columns of the picture as it is stored, which paths are told in shares of."""

    @property
    def height(self) -> int:
        """Rows of it."""

    @property
    def turn(self) -> Turn | None:
        """How the stored picture becomes upright; None where it is."""

    def read(self) -> list[ImageResource]:
        """Return the resources of paths: numbers 2000 to 2999.

        Raises:
            UnreadableDocument: They are damaged.
        """

    def check(self, output: Path, room: int) -> None:
        """Refuse a copy that could not be written with `room` more bytes of resources.

        Raises:
            DocumentError: It is so.
        """

    def write(self, output: Path, changes: Sequence[ImageResource]) -> None:
        """Write a copy in which resources are replaced by number or added; all else stays.

        Raises:
            DocumentError: It cannot be written.
        """


FIRST_PATH, LAST_PATH, CLIPPING = 2000, 2997, 2999


def is_path(number: int) -> bool:
    """Tell whether a resource is a path or names the clipping path."""
    return FIRST_PATH <= number <= LAST_PATH or number == CLIPPING
