"""Bringing a picture to its place on the canvas."""

from __future__ import annotations

from .entry import Workplace
from .geometry import Placement
from .scene import Scene
from .vips import PEAKS, Image, embed, round_to


def place_subject(
    colours: Image, alpha: Image, placement: Placement, work: Workplace
) -> tuple[Image, Image]:
    """Return colours and alpha on the canvas; at scale 1 every pixel is moved and none changed."""
    colours, alpha = resize_straight(colours, alpha, placement.scale, placement.scale, work)
    at = (placement.x, placement.y, placement.width, placement.height)
    return embed(colours, *at, extend="copy"), embed(alpha, *at)


def place_original(scene: Scene) -> Image:
    """Return the original on the canvas, mirrored where the canvas is larger."""
    image, x, y = measure_original(scene)
    return embed(image, x, y, scene.width, scene.height, extend="mirror")


def measure_original(scene: Scene) -> tuple[Image, int, int]:
    """Return the original in the size that the canvas shows it in, and where it lies on it."""
    scale, image = scene.placement.scale, scene.original
    if scale != 1:
        image = resize(image, scale, scale, scene.work)
    return image, scene.placement.x, scene.placement.y


def resize(image: Image, across: float, down: float, work: Workplace) -> Image:
    """Return an image in another size; a smaller one is computed once, part by part.

    Args:
        image: uchar, ushort or float.
        across: what the width is multiplied by.
        down: what the height is multiplied by.
        work: where a smaller one lies.
    """
    sized = image.resize(across, vscale=down)
    cost = round(1 / (across * down))
    return work.keep(sized, cost) if cost > 1 else sized


def resize_straight(
    colours: Image, alpha: Image, across: float, down: float, work: Workplace
) -> tuple[Image, Image]:
    """Return straight colours and their alpha in another size.

    Colours count by their opacity, so that what is transparent never shines through.

    Args:
        colours: straight, uchar or ushort.
        alpha: one band in the same format.
        across: what the width is multiplied by.
        down: what the height is multiplied by.
        work: where smaller ones lie.
    """
    if (across, down) == (1, 1):
        return colours, alpha
    form = colours.format
    # One image, so that both go through the very same arithmetic.
    joined = (colours * alpha).bandjoin(alpha * PEAKS[form])
    sized = resize(joined.cast("ushort" if form == "uchar" else "float"), across, down, work)
    bands = colours.bands
    opacity = sized[bands]
    straight = sized.extract_band(0, n=bands) / opacity * PEAKS[form]
    kept = straight.copy(interpretation=colours.interpretation)
    return round_to(kept, form), round_to(opacity / PEAKS[form], form)
