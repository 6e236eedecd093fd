"""Documents, hints and server mean the same proxy, whatever the size of the layer."""

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
from frisket.protocol.grid import Grid, proxy_size
from frisket.protocol.limits import MAX_LAYER_PIXELS, MAX_PIXEL_BYTES, MAX_SIDE_PX, MAX_TILES
from frisket.server.wire import read_opening
from frisket.v1 import matting_pb2 as pb

TILE_PX = 1024
SIDES = st.integers(1, MAX_SIDE_PX)


@given(SIDES, SIDES)
@example(3000, 2000)
@example(6000, 4000)
@example(MAX_SIDE_PX, 1)
def test_the_server_takes_every_proxy(width: int, height: int) -> None:
    if width * height > MAX_LAYER_PIXELS or Grid(width, height, TILE_PX).count > MAX_TILES:
        return
    assert TILE_PX**2 <= MAX_PIXEL_BYTES
    across, down = proxy_size(width, height)
    opening = read_opening(
        pb.OpenRequest(
            protocol_version=1,
            width=width,
            height=height,
            tile_format="PIXEL_FORMAT_GRAY8",
            tile_size=TILE_PX,
            proxy_width=across,
            proxy_height=down,
            proxy_format="PIXEL_FORMAT_RGB8",
        )
    )
    assert (opening.proxy_width, opening.proxy_height) == (across, down)


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
