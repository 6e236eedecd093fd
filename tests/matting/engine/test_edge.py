"""Edge controls change the outline as they say."""

from __future__ import annotations

import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import BadInput
from frisket.matting.engine import EdgeControls, Quality, refine, solve


def area(edge: EdgeControls) -> float:
    matte = solve(picture(), coarse(), (W, H), edge=edge)
    return float(refine(matte, 0, 0, picture()).mean())


def test_shift() -> None:
    plain = area(EdgeControls())
    assert area(EdgeControls(shift_px=3)) > plain + 2
    assert area(EdgeControls(shift_px=-3)) < plain - 2


def test_feather_keeps_the_area_and_widens_the_ramp() -> None:
    matte = solve(picture(), coarse(), (W, H), edge=EdgeControls(feather_px=4))
    alpha = refine(matte, 0, 0, picture())
    assert abs(float(alpha.mean()) - area(EdgeControls())) < 3
    assert ((alpha > 20) & (alpha < 235)).mean() > 0.05


def test_holes_and_specks() -> None:
    alpha = coarse()
    alpha[40:44, 60:64] = 0
    alpha[3:7, 3:7] = 255
    rgb = picture()
    rgb[40:44, 60:64] = rgb[3:7, 90:94]
    edge = EdgeControls(fill_holes=0.05, drop_specks=0.05)
    told = solve(rgb, alpha, (W, H), Quality.HIGH, edge=edge).alpha
    assert told[42, 62] >= 225
    assert told[:10, :10].max() == 0


def test_limits_are_checked() -> None:
    with pytest.raises(BadInput, match="shift_px"):
        EdgeControls(shift_px=1000)
