"""The subject's edge: softer or crisper, narrower or wider, and without the old background."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .blur import blur, choose_shrink, enlarge, gauss
from .entry import Workplace
from .reduce import shrink
from .scene import Facts, Scene
from .vips import PEAKS, Image, round_to

_CRISP = 2.0  # how much steeper
_SOFT = 0.0008  # sigma as a share of the subject's longer side
_FULL = 0.98  # from this opacity on a pixel's colour is the subject's own
_NEAR, _FAR = 0.004, 0.05  # where the colours of an edge are looked for: shares of that side


@dataclass(frozen=True)
class Edge:
    """Changes the alpha in the picture's own size; where it is 0 or full far around it stays so.

    Attributes:
        softness: "soft" blurs the edge a little, "crisp" makes it steeper, "natural" leaves it.
        shift: pixels that the edge is moved outwards (+) or inwards (−).
        feather: pixels that the edge is blurred over.
    """

    softness: str = "natural"
    shift: float = 0.0
    feather: float = 0.0

    def check(self, facts: Facts) -> None:
        """Accept everything."""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other edge."""
        alpha = shift_edge(scene.alpha, self.shift)
        if self.softness == "crisp":
            middle = PEAKS[alpha.format] / 2
            alpha = round_to((alpha - middle) * _CRISP + middle, alpha.format)
        elif self.softness == "soft":
            alpha = blur(alpha, max(0.7, scene.box.side * _SOFT), scene.work)
        alpha = blur(alpha, self.feather / 2, scene.work)
        # As far as the eye sees: an edge that is moved moves the box.
        grown = scene.box.grow(round(self.shift), scene.width, scene.height)
        return replace(scene, alpha=alpha, box=grown if grown.width and grown.height else scene.box)


def shift_edge(alpha: Image, pixels: float) -> Image:
    """Return an alpha whose edge is moved; hair outside of it stays when it moves outwards.

    A straight edge under a Gaussian of sigma s has the value 1 − Φ(1) = 0.1587 at s outside of
    it, and Φ(1) = 0.8413 at s inside: the levels there become the new middle.
    """
    if not pixels:
        return alpha
    sigma, peak = abs(pixels), PEAKS[alpha.format]
    level = 0.1587 if pixels > 0 else 0.8413
    soft = gauss(alpha, sigma) / peak
    # The slope at one sigma is φ(1) / s; the new edge is about a pixel and a half wide.
    steep = sigma / (0.242 * 1.5)
    moved = round_to(((soft - level) * steep + 0.5) * peak, alpha.format)
    return (alpha > moved if pixels > 0 else alpha < moved).ifthenelse(alpha, moved)


@dataclass(frozen=True)
class Defringe:
    """Takes the old background out of the colours of the edge.

    Each pixel that is not opaque takes on the colour of the opaque ones around it.

    Attributes:
        strength: 0 leaves the colours, 1 replaces them.
    """

    strength: float

    def check(self, facts: Facts) -> None:
        """Accept everything."""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other colours; opaque pixels keep theirs to the bit."""
        near, far = (max(2.0, scene.box.side * share) for share in (_NEAR, _FAR))
        peak = PEAKS[scene.alpha.format]
        solid = scene.alpha >= _FULL * peak
        close, distant = (_spread(scene.subject, solid, sigma, scene.work) for sigma in (near, far))
        fill = _choose(close, _choose(distant, scene.subject))
        mixed = fill * self.strength + scene.subject * (1 - self.strength)
        kept = round_to(mixed, scene.subject.format)
        colours = solid.ifthenelse(scene.subject, kept)
        name = scene.subject.interpretation
        return replace(scene, subject=colours.copy(interpretation=name))


def _spread(colours: Image, solid: Image, sigma: float, work: Workplace) -> tuple[Image, Image]:
    """Return the mean colour of solid pixels around each, and how much of them there is."""
    factor = choose_shrink(sigma * 2)
    weights = (solid / 255).cast("float")
    joined = (colours * weights).bandjoin(weights)
    small = gauss(shrink(joined, factor, work), sigma / factor)
    small = work.keep(small) if factor > 1 else small
    wide = enlarge(small, factor, colours.width, colours.height)
    amount = wide[colours.bands]
    return wide.extract_band(0, n=colours.bands) / amount, amount


def _choose(found: tuple[Image, Image], otherwise: Image) -> Image:
    colours, amount = found
    return (amount > 0.01).ifthenelse(colours, otherwise)
