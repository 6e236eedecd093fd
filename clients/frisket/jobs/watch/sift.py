"""Which names of a watched folder count: pictures, side-cars, and what is passed over."""

from __future__ import annotations

from pathlib import PurePath

from frisket.jobs.inputs import picture_suffixes

SIDE_CAR = ".frisket."
"""In the name of every side-car: NAME.frisket.json is the ticket of the picture NAME."""
TICKET = f"{SIDE_CAR}json"
"""What follows a picture's name in that of its ticket."""
_TEMPORARY = (
    *(".part", ".partial", ".filepart", ".crdownload", ".opdownload", ".download"),
    *(".tmp", ".temp", ".swp", ".lock", ".!ut", "~"),
)


def is_passed_over(name: str) -> bool:
    """Return whether a file or folder is hidden, or a name that programs give for a while."""
    return name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY)


def is_picture(name: str) -> bool:
    """Return whether a name is one of a format that opens."""
    return PurePath(name).suffix.lower() in picture_suffixes()


def find_owner(name: str) -> str:
    """Return the name of the picture that a side-car belongs to; empty where it is none."""
    place = name.rfind(SIDE_CAR)
    return name[:place] if place > 0 else ""
