"""Documents and hints mean the protocol's proxy, whatever the size of the layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from frisket.documents import ArrayRaster
from frisket.documents.colour import Colour
from frisket.jobs.hint_files import HintFiles, hint_set
from frisket.protocol.grid import proxy_size


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 7000), st.integers(1, 40), st.booleans())
@example(3000, 2000, False)
def test_a_document_is_reduced_to_it(longer: int, shorter: int, upright: bool) -> None:
    width, height = (shorter, longer) if upright else (longer, shorter)
    pixels = np.broadcast_to(np.uint8(90), (height, width, 1))
    proxy = ArrayRaster(pixels, "GRAY", Colour("GRAY"), False).proxy()
    assert proxy.shape[1::-1] == proxy_size(width, height)
    assert (proxy == 90).all()


@pytest.mark.parametrize("size", [(3000, 2000), (6000, 4000), (2049, 3), (4032, 3024)])
def test_hints_from_files_fit_it(tmp_path: Path, size: tuple[int, int]) -> None:
    """Once refused for half of all sizes above 2048 px: one side rounded to nearest."""
    file = tmp_path / "grey.png"
    Image.new("L", size, 255).save(file)
    hints = hint_set(HintFiles(trimap=file, prior=file), *size)
    across, down = proxy_size(*size)
    assert hints.trimap == hints.prior == b"\xff" * (across * down)
