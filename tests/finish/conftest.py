"""Made pictures of a subject on a ground, and scenes in memory: what finishing works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from frisket.finish.entry import Workplace
from frisket.finish.geometry import Box, Placement
from frisket.finish.scene import Scene
from frisket.finish.space import Space
from frisket.finish.vips import from_array

WIDTH, HEIGHT = 240, 300
BOX = Box(70, 60, 170, 270)


@dataclass(frozen=True)
class Made:
    """A picture and its matte, as arrays and as files."""

    colours: np.ndarray
    alpha: np.ndarray
    picture: Path
    matte: Path


def make_colours(depth: int = 8, channels: int = 3, seed: int = 5) -> np.ndarray:
    kind = np.uint8 if depth == 8 else np.uint16
    top = np.iinfo(kind).max
    values = np.random.default_rng(seed).integers(0, top + 1, (HEIGHT, WIDTH, channels))
    return values.astype(kind)


def make_alpha(depth: int = 8, box: Box = BOX) -> np.ndarray:
    """An upright block with a soft edge of about five pixels inside its box."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.minimum.reduce([x - box.left, box.right - 1 - x, y - box.top, box.bottom - 1 - y])
    share = np.clip((inside + 1) / 6, 0, 1)
    top = 255 if depth == 8 else 65535
    return np.rint(share * top).astype(np.uint8 if depth == 8 else np.uint16)


def write_tiff(path: Path, values: np.ndarray, **options: object) -> Path:
    bands = 1 if values.ndim == 2 else values.shape[2]
    meaning = {1: "minisblack", 3: "rgb", 4: "separated"}[bands]
    tifffile.imwrite(path, values, photometric=meaning, metadata=None, **options)
    return path


@pytest.fixture
def made(tmp_path: Path) -> Made:
    colours, alpha = make_colours(), make_alpha()
    picture = write_tiff(tmp_path / "in.tif", colours)
    return Made(colours, alpha, picture, write_tiff(tmp_path / "in-matte.tif", alpha))


@pytest.fixture
def work() -> Iterator[Workplace]:
    with Workplace() as place:
        yield place


def make_scene(work: Workplace, colours: np.ndarray, alpha: np.ndarray, box: Box = BOX) -> Scene:
    space = Space("RGB", colours.dtype.itemsize * 8)
    subject = from_array(colours).copy(interpretation=space.name)
    placement = Placement(colours.shape[1], colours.shape[0], 1.0, 0, 0)
    touched = box.touch(colours.shape[1], colours.shape[0])
    return Scene(space, subject, from_array(alpha), subject, placement, box, touched, work)


def read(path: Path) -> np.ndarray:
    if path.suffix in (".tif", ".tiff"):
        return tifffile.imread(path)
    return np.asarray(Image.open(path))
