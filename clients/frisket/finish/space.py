"""The colours that a finish is computed in: a mode, a depth, a profile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from frisket.documents import DocumentError
from frisket.documents.colour.profile import CHANNELS, Transform, find_fault, make_srgb
from frisket.documents.core.pixels import Pixels, convert_depth

from .vips import Image, round_to

_NAMES = {
    ("RGB", 8): "srgb", ("RGB", 16): "rgb16", ("GRAY", 8): "b-w", ("GRAY", 16): "grey16",
    ("CMYK", 8): "cmyk", ("CMYK", 16): "cmyk",
}  # fmt: skip
_LUMA = [0.2126, 0.7152, 0.0722]  # ITU-R BT.709, of values as they are coded


@dataclass(frozen=True)
class Space:
    """What samples mean.

    Attributes:
        mode: RGB, GRAY or CMYK.
        depth: 8 or 16 bits.
        icc: the profile, where there is one that can be used; RGB without one is sRGB.
    """

    mode: str
    depth: int
    icc: bytes | None = field(default=None, repr=False)

    @property
    def channels(self) -> int:
        """Samples of colour in a pixel."""
        return CHANNELS[self.mode]

    @property
    def form(self) -> str:
        """The format of libvips."""
        return "uchar" if self.depth == 8 else "ushort"

    @property
    def peak(self) -> int:
        """The greatest sample."""
        return 255 if self.depth == 8 else 65535

    @property
    def name(self) -> str:
        """What libvips calls it."""
        return _NAMES[self.mode, self.depth]

    def advise_srgb(self) -> str:
        """Return what converts a picture of these colours to sRGB, as advice in a message."""
        alone = self.mode == "CMYK" and self.icc is None
        first = "embed a profile in it and " if alone else ""
        return f"{first}add --icc srgb, which converts the picture"

    def take_srgb(self, colours: Pixels) -> Pixels:
        """Return colours of sRGB in this space.

        Args:
            colours: (height, width, 3), uint8 or uint16.

        Raises:
            ValueError: nothing says how the mode's samples are mixed.
        """
        deep = convert_depth(colours, 16)
        return convert_depth(self._transform(deep), self.depth)

    def _transform(self, deep: Pixels) -> Pixels:
        if self.mode == "GRAY" and self.icc is None:
            return np.asarray(np.rint(deep @ np.array(_LUMA))[..., None], np.uint16)
        if self.mode == "RGB" and self.icc is None:
            return deep
        return Transform(("RGB", self.mode), (make_srgb(), self.require_profile()))(deep)

    def take_colour(self, colour: tuple[int, int, int]) -> tuple[int, ...]:
        """Return one colour of sRGB, 8 bits, in this space; white is the paper's."""
        if colour == (255, 255, 255):
            return (0,) * 4 if self.mode == "CMYK" else (self.peak,) * self.channels
        if colour == (0, 0, 0) and self.mode == "CMYK":
            return (0, 0, 0, self.peak)  # black ink alone: no colour cast, no ink limit
        pixel = np.array([[colour]], np.uint8)
        return tuple(int(value) for value in self.take_srgb(pixel)[0, 0])

    def take_image(self, image: Image, own: Space, folder: Path) -> Image:
        """Return an image of another space in this one.

        Args:
            image: colours alone.
            own: its space.
            folder: where libvips may be given profiles as files.
        """
        if own.mode == self.mode and own.icc == self.icc:
            return rescale(image, own.depth, self.depth)
        if own.mode == "GRAY" and own.icc is None:
            return self.take_image(image.bandjoin([image, image]), Space("RGB", own.depth), folder)
        if self.mode == "GRAY" and self.icc is None:
            seen = Space("RGB", self.depth).take_image(image, own, folder)
            return round_to(seen.recomb([_LUMA]), self.form)
        source, target = (keep_profile(one.require_profile(), folder) for one in (own, self))
        moved = image.copy(interpretation=own.name).icc_transform(
            target, input_profile=source, depth=self.depth, intent="relative",
            black_point_compensation=True,
        )  # fmt: skip
        return moved.cast(self.form)

    def require_profile(self) -> bytes:
        """Return the profile, or sRGB's where colours of RGB have none.

        Raises:
            ValueError: nothing says what the samples look like.
        """
        if self.icc is None and self.mode != "RGB":
            raise ValueError("no profile says what its inks look like")
        return self.icc or make_srgb()


def rescale(image: Image, depth: int, wanted: int) -> Image:
    """Return samples of 8 or 16 bits at another depth, rounded to nearest."""
    if depth == wanted:
        return image
    if wanted == 16:
        return (image * 257).cast("ushort")
    return (image / 257).rint().cast("uchar")


def keep_profile(icc: bytes, folder: Path) -> str:
    """Write a profile into a folder, once, and return its path."""
    path = folder / f"{hashlib.blake2b(icc, digest_size=8).hexdigest()}.icc"
    if not path.exists():
        path.write_bytes(icc)
    return str(path)


def read_profile(path: Path) -> tuple[bytes, str]:
    """Return a profile and the mode it is for.

    Raises:
        DocumentError: it cannot be read, or is none of RGB, grey or CMYK.
    """
    try:
        icc = path.read_bytes()
    except OSError as error:
        raise DocumentError(path, (error.strerror or str(error)).lower()) from error
    modes = {b"RGB ": "RGB", b"GRAY": "GRAY", b"CMYK": "CMYK"}
    mode = modes.get(icc[16:20])
    if mode is None or find_fault(icc, mode):
        raise DocumentError(
            path, "is no colour profile of RGB, grey or CMYK", advice="name an .icc or .icm file"
        )
    return icc, mode
