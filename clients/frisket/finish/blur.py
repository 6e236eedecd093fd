"""Gaussian blurs of any width at a cost that does not grow with it, the same for any tiling.

A wide blur is computed on a copy that is smaller by a power of two, and enlarged linearly:
positions in it are then exact binary fractions, so that a pixel's value does not depend on the
tile it is computed in.
"""

from __future__ import annotations

import math

from .entry import Workplace
from .reduce import shrink
from .vips import PEAKS, Image, load_vips, round_to

LEAST_SIGMA = 0.2  # a narrower one changes nothing that is seen
TAINTED = 4.0  # from a quarter of opacity on a pixel shows the subject
_LEAST_SMALL = 4.0  # of the smaller copy; then linear enlarging is not seen


def gauss(image: Image, sigma: float) -> Image:
    """Return a picture after a Gaussian, as floats; its border is continued.

    libvips by itself cuts the Gaussian off at a fifth of its height, which shows in a shadow.
    """
    return image.gaussblur(sigma, min_ampl=0.01, precision="float")


def choose_shrink(sigma: float) -> int:
    """Return the power of two that a picture may be shrunk by before a blur."""
    return 1 << max(0, math.floor(math.log2(max(sigma, 1e-6) / _LEAST_SMALL)))


def enlarge(
    small: Image, factor: int, width: int, height: int, shift: tuple[int, int] = (0, 0)
) -> Image:
    """Return a picture that `shrink` made at its full size, moved by whole pixels.

    Where it was moved from, its border is continued.
    """
    if factor == 1 and shift == (0, 0):
        return small.crop(0, 0, width, height)
    middle = (factor - 1) / 2
    return small.affine(
        [factor, 0, 0, factor],
        interpolate=load_vips().Interpolate.new("bilinear"),
        odx=middle + shift[0], ody=middle + shift[1],
        oarea=[0, 0, width, height], extend="copy",
    )  # fmt: skip


def blur_around(image: Image, alpha: Image, sigma: float, work: Workplace) -> Image:
    """Return a picture blurred without a subject in it, which would smear into what is around it.

    Pixels count that hold next to nothing of it; deep inside the subject, where none is near, the
    plain blur is taken.

    Args:
        image: uchar or ushort.
        alpha: of the subject, one band in the same format.
        sigma: of the Gaussian, in pixels.
        work: where smaller copies lie.
    """
    peak = PEAKS[image.format]
    # One image, so that colours and weights go through the very same arithmetic.
    outside = 1 - alpha * (TAINTED / peak)
    outside = (outside > 0).ifthenelse(outside, 0)
    joined = (image * outside).bandjoin(outside)
    factor = choose_shrink(sigma)
    small = gauss(shrink(joined, factor, work), sigma / factor)
    small = work.keep(small) if factor > 1 else small
    wide = enlarge(small, factor, image.width, image.height)
    amount = wide[image.bands]
    clean = wide.extract_band(0, n=image.bands) / amount
    seen = (amount > 0.005).ifthenelse(clean, blur(image, sigma, work))
    return round_to(seen, image.format).copy(interpretation=image.interpretation)


def blur(image: Image, sigma: float, work: Workplace) -> Image:
    """Return a picture after a Gaussian, in its own size and format; the border is continued."""
    if sigma < LEAST_SIGMA:
        return image
    factor = choose_shrink(sigma)
    if factor == 1:
        return round_to(gauss(image, sigma), image.format)
    small = blur_small(image, sigma, factor, work)
    return enlarge(small, factor, image.width, image.height).copy(
        interpretation=image.interpretation
    )


def blur_small(image: Image, sigma: float, factor: int, work: Workplace) -> Image:
    """Return the copy that is smaller by the factor, blurred; it is computed once."""
    small = round_to(gauss(shrink(image, factor, work), sigma / factor), image.format)
    return work.keep(small) if factor > 1 else small
