"""Bounds on what a file may claim, checked before any memory is taken on its word."""

from __future__ import annotations

from ..core.errors import UnreadableDocument, UnsupportedDocument

MAX_SIDE = 1 << 20  # pixels; twice what any known program writes
MAX_SEGMENT = 1 << 30  # bytes of one decoded strip or tile
MAX_CHANNELS = 4096
MAX_TABLE = 1 << 26  # entries of one table of a directory


def check_raster(path: str, width: int, height: int, channels: int) -> None:
    """Refuse rasters that are empty or too large to be meant.

    Raises:
        UnreadableDocument: Sides or channel count are outside what is believable.
    """
    if width <= 0 or height <= 0:
        raise UnreadableDocument(path, f"an image of {width} × {height} pixels has no content")
    if width > MAX_SIDE or height > MAX_SIDE:
        raise UnreadableDocument(path, f"absurd dimensions {width} × {height}")
    if not 0 < channels <= MAX_CHANNELS:
        raise UnreadableDocument(path, f"absurd number of channels, {channels}")


def check_segment(path: str, size: int) -> None:
    """Refuse a strip or tile that would need too much memory at once.

    Raises:
        UnsupportedDocument: It decodes to more than a gigabyte.
    """
    if size > MAX_SEGMENT:
        raise UnsupportedDocument(
            path,
            f"one strip or tile holds {size / 1e9:.1f} GB",
            advice="save it with tiles, or with strips of fewer rows",
        )
