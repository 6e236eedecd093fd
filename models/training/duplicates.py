"""Find training photographs that are also in an evaluation set, under whatever name.

`python duplicates.py --data TRAIN --against MASKS --against MATTES`

Prints a line for `skip.txt` for each: by a perceptual hash (the signs of the 8×8 lowest
frequencies of a 32×32 grey thumbnail) of the photograph and of its mirror image. A hash bears
other sizes, JPEG and a little colour; what it finds alike is held against the thumbnails
themselves, since even skies and plain studios hash alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from data import Image, list_pairs, read_rgb
from numpy.typing import NDArray

SIDE, LOWEST = 32, 8
#: Of 63 bits, how many may differ; and the least correlation of the two thumbnails.
NEAR, ALIKE = 14, 0.9


@dataclass(frozen=True)
class Print:
    """A photograph's thumbnail (32×32 float32) and its 63 bits."""

    name: str
    thumb: NDArray[np.float32]
    bits: NDArray[np.bool_]


def make_print(name: str, image: Image) -> Print:
    """Return the print of a photograph H×W×3."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    thumb = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(thumb)[:LOWEST, :LOWEST].ravel()[1:]
    return Print(name, thumb, low > np.median(low))


def is_same(one: Print, other: Print) -> bool:
    """Say whether two prints are of one photograph."""
    if np.count_nonzero(one.bits != other.bits) > NEAR:
        return False
    return float(np.corrcoef(one.thumb.ravel(), other.thumb.ravel())[0, 1]) >= ALIKE


def find_duplicates(known: list[Print], photos: Iterator[tuple[str, Image]]) -> Iterator[str]:
    """Yield `NAME  # OTHER` of each photograph that is one of the known, mirrored or not."""
    for name, image in photos:
        prints = [make_print(name, i) for i in (image, np.ascontiguousarray(image[:, ::-1]))]
        twin = next((k.name for k in known if any(is_same(p, k) for p in prints)), None)
        if twin is not None:
            yield f"{name}  # {twin}"


def read_known(folders: list[Path]) -> list[Print]:
    """Return the prints of every `*_image.*` below the folders."""
    photos = [p for folder in folders for p in sorted(folder.glob("*_image.*"))]
    return [make_print(p.stem.removesuffix("_image"), read_rgb(p)) for p in photos]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--against", type=Path, action="append", required=True)
    args = parser.parse_args()
    pairs = ((f"{group}/{p.stem}", read_rgb(p)) for group, p in list_pairs(args.data))
    for line in find_duplicates(read_known(args.against), pairs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
