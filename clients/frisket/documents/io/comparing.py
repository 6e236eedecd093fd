"""Comparing stretches of two files in bounded memory."""

from __future__ import annotations

from .source import Source

CHUNK = 1 << 22

Stretch = tuple[int, int]
"""Where bytes begin, and how many they are."""


def have_same_bytes(left: Source, right: Source, a: Stretch, b: Stretch) -> bool:
    """Tell whether a stretch of one file and one of another hold the same."""
    if a[1] != b[1]:
        return False
    for first in range(0, a[1], CHUNK):
        size = min(CHUNK, a[1] - first)
        if left.read(a[0] + first, size) != right.read(b[0] + first, size):
            return False
    return True


def are_zeros(source: Source, stretch: Stretch) -> bool:
    """Tell whether a stretch holds nothing but zeros."""
    start, length = stretch
    return all(
        not any(source.read(first, min(CHUNK, start + length - first)))
        for first in range(start, start + length, CHUNK)
    )
