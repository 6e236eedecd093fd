"""Gain maps: a second picture that makes the first brighter on a screen of high range.

A cutout is the first picture, which is whole without it; that it stays behind is said.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .boxes import list_items

if TYPE_CHECKING:
    from PIL import Image

_HEAD = 1 << 20
_JPEG = ("JPEG", "MPO")
# Adobe's and Android's XMP, Apple's, and ISO 21496-1 in a segment of its own.
_MARKS = (b"ns.adobe.com/hdr-gain-map/", b"HDRGainMap", b"urn:iso:std:iso:ts:21496:-1")
_APPLE = "hdrgainmap"


def has_gain_map(path: str, image: Image.Image) -> bool:
    """Tell whether a picture has a gain map beside it.

    Args:
        path: Its file.
        image: As Pillow opened it.
    """
    if image.format not in (*_JPEG, "HEIF", "AVIF"):
        return False
    if any(_APPLE in str(name).lower() for name in image.info.get("aux") or ()):
        return True
    with Path(path).open("rb") as file:
        head = file.read(_HEAD)
    if image.format in _JPEG:
        return any(mark in head for mark in _MARKS)
    return b"tmap" in list_items(head)
