"""Pixels of a cutout: the layer's own where it is seen, nothing at all where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from frisket.documents import Rect
from frisket.documents.base.arrays import ArrayRaster
from frisket.documents.colour import Colour
from frisket.documents.colour.alpha import ArrayAlpha
from frisket.documents.write.cutout import Cutout

WIDE, HIGH = 9, 7


@pytest.mark.parametrize("mode", ["GRAY", "RGB", "CMYK", "LAB"])
@pytest.mark.parametrize("sample", ["u1", "u2", "f4"])
def test_what_is_hidden_is_zero_and_what_is_seen_stays(mode: str, sample: str) -> None:
    colours = {"GRAY": 1, "CMYK": 4}.get(mode, 3)
    rng = np.random.default_rng(len(mode))
    own = rng.random((HIGH, WIDE, colours), np.float32)
    if sample == "f4":
        own[2, 2] = np.nan
    else:
        own = (own * np.iinfo(sample).max).astype(sample)
    alpha = rng.integers(0, 3, (HIGH, WIDE)).astype(np.uint8) * 100
    alpha[2, 2] = 0
    cutout = Cutout(ArrayRaster(own, mode, Colour(mode, colours=colours), False), ArrayAlpha(alpha))
    cutout.sign_lab = False
    whole = cutout.read(Rect(0, 0, WIDE, HIGH))
    assert whole.dtype == sample
    assert not whole[alpha == 0].any()
    np.testing.assert_array_equal(whole[alpha > 0][:, :-1], own[alpha > 0])
    board = np.ones((HIGH, WIDE + 5, colours + 1), sample)
    cutout.read_into(Rect(3, 1, 4, 5), board[1:6, 5:9])
    np.testing.assert_array_equal(board[1:6, 5:9], whole[1:6, 3:7])
    assert (board[:, :5] == 1).all()
    assert (board[:, 9:] == 1).all()
