"""What a caller wants of a matte."""

from __future__ import annotations

from dataclasses import dataclass, field

from frisket.matting.engine import EdgeControls, Hints, Quality


@dataclass(frozen=True)
class MattingOptions:
    """How to matte a layer.

    Attributes:
        quality: how much work the edge gets.
        edge: what a retoucher wants done to it.
        hints: what the user says, in pixels of the layer; its planes are of the proxy's size.
        normalise: what the model sees of difficult scans: "off" (also when empty), "auto", or
            a comma-separated list of steps.
        classes: for models with classes, which of them are the subject; none means all.
        depth: bits of the alpha, 8 or 16.
        foreground: also estimate the colours of the foreground.
    """

    quality: Quality = Quality.STANDARD
    edge: EdgeControls = field(default_factory=EdgeControls)
    hints: Hints = field(default_factory=Hints)
    normalise: str = "off"
    classes: tuple[str, ...] = ()
    depth: int = 8
    foreground: bool = False
