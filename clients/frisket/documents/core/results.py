"""What comes out of a matting run, and how it is to be written."""

from __future__ import annotations

from dataclasses import dataclass, field

from frisket.protocol.choices import ALPHA_DEPTHS

from .cutline import CutlineOptions
from .model import AlphaSource, ColourSource, Layer
from .outline import OutlineOptions

EXISTING = ("refuse", "replace", "multiply")
PREVIEWS = ("mark", "render", "keep")


@dataclass(frozen=True)
class LayerResult:
    """A layer, its alpha (of the layer's size), and cleaned colours where there are any."""

    layer: Layer
    alpha: AlphaSource
    colours: ColourSource | None = None


@dataclass(frozen=True)
class ResultOptions:
    """How results are written.

    Attributes:
        depth: Bits of a matte: 8 or 16; everything else follows its document.
        existing: What becomes of a layer mask that is there: ``refuse``, ``replace``, ``multiply``.
        preview: What becomes of the merged image of a PSD that gets a mask: ``mark`` it as stale,
            ``render`` it again where that is exact (else mark it), or ``keep`` it.
        name: Of a saved selection.
        convert: Whether pixels that cannot carry a result as they are stored (a TIFF's JPEG,
            palette or single bits, a PSD's bitmap) may be stored in plain samples, losslessly.
        outline: How the outline is drawn, for kinds that are one.
        cutline: What is printed around it, for the kind that is cut.

    Raises:
        ValueError: One of them is none of these.
    """

    depth: int = 8
    existing: str = "refuse"
    preview: str = "mark"
    name: str = "Frisket"
    convert: bool = False
    outline: OutlineOptions = field(default_factory=OutlineOptions)
    cutline: CutlineOptions = field(default_factory=CutlineOptions)

    def __post_init__(self) -> None:
        if self.depth not in ALPHA_DEPTHS:
            raise ValueError("a matte has 8 or 16 bits")
        if self.existing not in EXISTING:
            raise ValueError(f"existing masks can be {', '.join(EXISTING)}")
        if self.preview not in PREVIEWS:
            raise ValueError(f"previews can be {', '.join(PREVIEWS)}")
