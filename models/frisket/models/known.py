"""What is said of the weight-free model, importable without OpenCV."""

from __future__ import annotations

from .types import ModelInfo

CLASSIC_SIDE = 320
CLASSIC = ModelInfo(
    name="classic",
    family="classic",
    description="Weight-free: contrast to the border and GrabCut. For plain backgrounds.",
    licence="Apache-2.0",
    commercial=True,
    present=True,
    input_size=(CLASSIC_SIDE, CLASSIC_SIDE),
    prompts=True,
)
