"""Where the corpus lies, and small documents made on the spot."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def shared() -> Path:
    return Path(os.environ.get("FRISKET_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def corpus() -> Callable[[str], list[Path]]:
    """Files of one kind (psd or tiff); skips where the corpus is not there."""
    folder = shared() / "data" / "corpus"

    def files(kind: str) -> list[Path]:
        found = sorted(path for path in (folder / kind).glob("*") if path.is_file())
        if not found:
            pytest.skip(f"no corpus in {folder}; set FRISKET_SHARED to the folder that holds data/")
        return found

    return files


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The oracles warn about what is deliberately broken."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def picture() -> Callable[..., np.ndarray]:
    """Deterministic pixels (height, width, samples) with some structure."""

    def make(width: int, height: int, samples: int = 3, dtype: str = "u1") -> np.ndarray:
        rng = np.random.default_rng(width * 7919 + height)
        top = 1.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
        y, x, c = np.ogrid[:height, :width, :samples]
        waves = np.sin(x / 17 + c) * np.cos(y / 23 - c) * 0.5 + 0.5
        noise = rng.random((height, width, samples)) * 0.1
        return (np.clip(waves * 0.9 + noise, 0, 1) * top).astype(dtype)

    return make


@pytest.fixture
def disc() -> Callable[..., np.ndarray]:
    """An alpha: opaque disc, soft edge, nothing around."""

    def make(width: int, height: int, depth: int = 8) -> np.ndarray:
        y, x = np.ogrid[:height, :width]
        far = np.hypot((y - height / 2) / height, (x - width / 2) / width)
        top = (1 << depth) - 1
        return (np.clip((0.4 - far) * 40, 0, 1) * top).astype("u1" if depth == 8 else "u2")

    return make
