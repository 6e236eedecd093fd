"""Pixels and alphas made on the spot, and a count over a module."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from corpus import Tally
from samples import Picture, Samples


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Counts over the tests of a module."""
    return Tally()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The oracles warn about what is deliberately broken."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def picture() -> Picture:
    """Deterministic pixels (height, width, samples) with some structure."""

    def make(width: int, height: int, samples: int = 3, dtype: str = "u1") -> Samples:
        rng = np.random.default_rng(width * 7919 + height)
        top = 1.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
        y, x, c = np.ogrid[:height, :width, :samples]
        waves = np.sin(x / 17 + c) * np.cos(y / 23 - c) * 0.5 + 0.5
        noise = rng.random((height, width, samples)) * 0.1
        return (np.clip(waves * 0.9 + noise, 0, 1) * top).astype(dtype)

    return make


@pytest.fixture
def disc() -> Picture:
    """An alpha: opaque disc, soft edge, nothing around."""

    def make(width: int, height: int, depth: int = 8) -> Samples:
        y, x = np.ogrid[:height, :width]
        far = np.hypot((y - height / 2) / height, (x - width / 2) / width)
        top = (1 << depth) - 1
        return (np.clip((0.4 - far) * 40, 0, 1) * top).astype("u1" if depth == 8 else "u2")

    return make
