"""What a file says beside its pixels, and what a result's format has room for."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .described import Description
from .tiled import BYTE, RATIONAL, SHORT, UNDEFINED, Tag

Chunk = tuple[bytes, bytes]

_INCH = 2
_METRES = 0.0254
_LARGEST = 0xFFFFFFFF
_FINE = 10_000  # parts of a dot that fractions of TIFF are written in
_SRGB_GAMMA = 45455  # as a PNG writes it, in 1/100000
_ICC_SPACE = slice(16, 20)
_SPACES = {"RGB": b"RGB ", "GRAY": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}
_TEXTS, _POINTS = (b"tEXt", b"zTXt", b"iTXt"), b"cICP"
# Attributes of OpenEXR by the tags that say the same; all but two are standard ones.
_EXR_TEXTS = {
    270: "comments", 271: "cameraMake", 272: "cameraModel", 305: "software", 306: "capDate",
    315: "artist", 33432: "owner",
}  # fmt: skip
_TURNED = re.compile(rb"(tiff:Orientation(?:=[\"']|>))\d")


@dataclass(frozen=True)
class Place:
    """Where a picture lies on a canvas that it does not fill, as OpenEXR has it.

    Attributes:
        at: x, y of its top left, in the file's own coordinates.
        canvas: x, y, width and height of the canvas, in the same.
    """

    at: tuple[int, int]
    canvas: tuple[int, int, int, int]


@dataclass(frozen=True)
class Beside:
    """What goes along with the pixels of a layer.

    Attributes:
        resolution: Samples an inch, across and down, or None.
        description: Who, when, where and with what, as EXIF and TIFF tell it.
        xmp: The XMP packet.
        iptc: Records of IPTC-IIM: captions and rights.
        png: Chunks of a PNG that another one takes as they are: text, gamma without a profile, and
            code points of colours, which count before a profile.
        place: Where the picture lies, where that is not the whole canvas.
        lost: What no result holds, in words that fit after "without".
        unread: Metadata that cannot be read, in the same words.
    """

    resolution: tuple[float, float] | None = None
    description: Description = field(default_factory=Description)
    xmp: bytes = b""
    iptc: bytes = b""
    png: tuple[Chunk, ...] = ()
    place: Place | None = None
    lost: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def turn(self) -> Beside:
        """Return what is true of the picture after a quarter turn."""
        return replace(self, resolution=self.resolution[::-1] if self.resolution else None)

    @property
    def upright_xmp(self) -> bytes:
        """The packet, saying what is true of a result: its pixels are upright."""
        return _TURNED.sub(rb"\g<1>1", self.xmp)

    def list_tags(self) -> tuple[Tag, ...]:
        """Return the entries of a TIFF's directory; pointers to others are not among them."""
        tags = list(self.description.main)
        tags += _list_resolution(self.resolution)
        if self.xmp:
            tags.append(Tag(700, BYTE, self.upright_xmp))
        if self.iptc:
            tags.append(Tag(33723, UNDEFINED, self.iptc))
        return tuple(tags)

    def pack_exif(self, resolution: bool = False) -> bytes:
        """Return an EXIF block, or nothing where there is nothing to tell."""
        more = _list_resolution(self.resolution) if resolution else []
        return self.description.pack(more)

    def list_chunks(self, coloured: bool, profile: bool = False) -> tuple[Chunk, ...]:
        """Return the chunks of a PNG, in order.

        Args:
            coloured: Whether it shows the layer's colours.
            profile: Whether it has a profile, too.
        """
        taken = _TEXTS if not coloured else (*_TEXTS, _POINTS) if profile else ()
        found = [one for one in self.png if not taken or one[0] in taken]
        if self.resolution:
            across, down = (round(one / _METRES) for one in self.resolution)
            found.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
        exif = self.pack_exif()
        if exif:
            found.append((b"eXIf", exif))
        if self.xmp:
            found.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + self.upright_xmp))
        return tuple(found)

    def list_texts(self) -> tuple[tuple[str, bytes], ...]:
        """Return the attributes of text of an OpenEXR file, by name."""
        told = {tag.code: tag.values for tag in self.description.main}
        found = ((name, told.get(code)) for code, name in _EXR_TEXTS.items())
        return tuple((name, text.rstrip(b"\0")) for name, text in found if isinstance(text, bytes))

    def tell_lost(self, suffix: str, coloured: bool, profile: bool = False) -> list[str]:
        """Return what a file of this suffix is written without; see ``list_chunks``."""
        lost = [*self.lost, *self.unread]
        if suffix not in (".tif", ".tiff"):
            lost += ["its IPTC record"] if self.iptc else []
        if suffix != ".png" and self.png:
            # Colours of OpenEXR are light, whatever their coding was.
            lost += _name_chunks(self.png, coloured and suffix != ".exr", profile)
        if suffix == ".exr":
            return lost + self._tell_lost_texts()
        if self.place is not None:
            _, _, width, height = self.place.canvas
            lost.append(f"its place on a canvas of {width} × {height}")
        return lost

    def _tell_lost_texts(self) -> list[str]:
        """Return what of the texts OpenEXR has no attribute for."""
        found = self.description
        more = found.photo or found.place or {tag.code for tag in found.main} - _EXR_TEXTS.keys()
        return [*(["the rest of its EXIF"] if more else []), *(["its XMP"] if self.xmp else [])]


def suit_profile(icc: bytes | None, mode: str) -> bytes | None:
    """Return the profile where it is one for this colour mode, else None."""
    return icc if icc and icc[_ICC_SPACE] == _SPACES.get(mode) else None


def _list_resolution(resolution: tuple[float, float] | None) -> list[Tag]:
    if resolution is None:
        return []
    across, down = (_make_fraction(one) for one in resolution)
    return [Tag(282, RATIONAL, across), Tag(283, RATIONAL, down), Tag(296, SHORT, (_INCH,))]


def _make_fraction(value: float) -> tuple[int, int]:
    whole = round(value)
    fine = min(_FINE, _LARGEST // (whole + 1))  # both numbers have 32 bits
    return (whole, 1) if abs(value - whole) < 1 / _FINE else (round(value * fine), fine)


def _name_chunks(chunks: Sequence[Chunk], coloured: bool, profile: bool) -> list[str]:
    kinds = dict(chunks)
    named = ["its notes"] if kinds.keys() & set(_TEXTS) else []
    if not coloured:
        return named
    if _POINTS in kinds:
        return [*named, "the coding of its colours (primaries and curve)"]
    gamma = int.from_bytes(kinds.get(b"gAMA", b""), "big") or _SRGB_GAMMA
    special = b"sRGB" not in kinds and abs(gamma - _SRGB_GAMMA) > _SRGB_GAMMA // 100
    return [*named, "its gamma"] if special and not profile else named
