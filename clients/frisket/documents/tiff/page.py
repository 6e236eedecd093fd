"""One page of a TIFF as numbers: geometry, samples, colour. No pixel is read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..colour import Colour
from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.pixels import Pixels
from ..io.limits import MAX_TABLE, check_raster, check_segment

MODES = {0: "GRAY", 1: "GRAY", 2: "RGB", 3: "INDEXED", 5: "CMYK", 6: "YCBCR"}
MODES |= {8: "LAB", 9: "LAB", 10: "LAB", 32844: "GRAY", 32845: "RGB", 34892: "RGB"}
_COLOURS = {"GRAY": 1, "RGB": 3, "INDEXED": 1, "CMYK": 4, "YCBCR": 3, "LAB": 3}
JPEG = (6, 7, 34892, 33007)
_WHOLE = (
    "imagewidth", "imagelength", "imagedepth", "samplesperpixel", "rowsperstrip", "tilewidth",
    "tilelength", "planarconfig", "compression", "predictor", "fillorder",
)  # fmt: skip
_LEAST, _GREATEST = 340, 341  # SMinSampleValue, SMaxSampleValue
_EXTRA_SAMPLES, _STRIPS = 338, (273, 279)
ASSOCIATED, UNASSOCIATED = 1, 2
_ALPHA = (ASSOCIATED, UNASSOCIATED)


@dataclass(frozen=True)
class PageGeometry:
    """Where the segments of a page lie.

    Attributes:
        width: Columns of the page.
        height: Rows of the page.
        samples: PageSamples of a pixel as stored.
        tile_width: Columns of a segment; the page's width for strips.
        tile_height: Rows of a segment.
        tiled: Tiles rather than strips.
        planar: Every sample in segments of its own.
        raw: Uncompressed bytes that can be read row by row.
    """

    width: int
    height: int
    samples: int
    tile_width: int
    tile_height: int
    tiled: bool
    planar: bool
    raw: bool

    @property
    def across(self) -> int:
        """Segments side by side."""
        return -(-self.width // self.tile_width)

    @property
    def down(self) -> int:
        """Rows of segments."""
        return -(-self.height // self.tile_height)

    @property
    def planes(self) -> int:
        """Separately stored samples: 1 when they are interleaved."""
        return self.samples if self.planar else 1

    def index(self, plane: int, row: int, column: int) -> int:
        """Return the number of a segment in the tables of offsets and lengths."""
        return (plane * self.down + row) * self.across + column


def read_geometry(path: str, page: Any) -> PageGeometry:
    """Check a tifffile page and describe it.

    Raises:
        UnreadableDocument: Sizes that cannot be meant.
        UnsupportedDocument: A kind that cannot be decoded by rectangle.
    """
    width, height, samples = page.imagewidth, page.imagelength, page.samplesperpixel
    for name in _WHOLE:
        if not isinstance(getattr(page, name), int):
            raise UnreadableDocument(path, f"{name} is not a whole number")
    check_raster(path, width, height, samples)
    if page.imagedepth != 1:
        raise UnsupportedDocument(path, "a volume (ImageDepth above 1)", advice="save single pages")
    if page.dtype is None or page.dtype.kind == "c":
        raise UnsupportedDocument(
            path, f"samples of {page.bitspersample} bits, format {page.sampleformat}"
        )
    tiled = bool(page.is_tiled)
    planar = page.planarconfig == 2 and samples > 1
    if planar and not tiled:
        _mend_strips(path, page)
    tile_width = page.tilewidth if tiled else width
    tile_height = page.tilelength if tiled else min(page.rowsperstrip, height)
    if tile_width <= 0 or tile_height <= 0:
        raise UnsupportedDocument(path, "strips or tiles without extent")
    result = PageGeometry(
        width, height, samples, tile_width, tile_height, tiled, planar, _is_raw(page)
    )
    held = 1 if planar else samples
    if not result.raw or tiled:
        check_segment(path, tile_width * tile_height * held * page.dtype.itemsize)
    if result.across * result.down * result.planes > MAX_TABLE:
        raise UnsupportedDocument(path, "more strips or tiles than can be meant")
    return result


def _mend_strips(path: str, page: Any) -> None:
    """Correct the rows of a strip of one sample, where there are more strips than they say.

    The number of strips says where the next sample begins, so the rows must be right.

    Raises:
        UnreadableDocument: They cannot be known.
    """
    lists = [page.tags[code].value for code in _STRIPS if code in page.tags]
    if len(lists) != 2 or not all(isinstance(one, tuple) for one in lists):
        return
    height, told = page.imagelength, min(page.rowsperstrip, page.imagelength)
    each, rest = divmod(len(lists[0]), page.samplesperpixel)
    if told <= 0 or rest or each <= -(-height // told) or len(lists[1]) != len(lists[0]):
        return
    row_bytes = (page.imagewidth * page.bitspersample + 7) // 8
    rows = lists[1][0] // row_bytes if page.compression == 1 else 0
    if rows <= 0 or -(-height // rows) != each:
        raise UnreadableDocument(path, "its RowsPerStrip contradicts the number of its strips")
    page.rowsperstrip, page.dataoffsets, page.databytecounts = rows, *lists


def _is_raw(page: Any) -> bool:
    whole = page.bitspersample in (8, 16, 32, 64) and page.fillorder == 1
    subsampled = bool(page.is_subsampled)
    return bool(page.compression == 1 and page.predictor == 1 and whole and not subsampled)


@dataclass(frozen=True)
class PageSamples:
    """Which stored samples are read, and what they mean.

    Attributes:
        mode: Colour mode.
        taken: Indices of the samples that ``read`` returns, transparency last.
        alpha: Whether the last of them is transparency.
        premultiplied: The transparency is associated: colours are multiplied by it.
    """

    mode: str
    taken: tuple[int, ...]
    alpha: bool
    premultiplied: bool


def describe_samples(page: Any) -> PageSamples:
    """Return colour samples, then the first one that is transparency."""
    mode, expected = _find_colours(page)
    extras = list_extras(page)
    found = [number for number, kind in enumerate(extras) if kind in _ALPHA]
    alpha = bool(found)
    taken = (*range(max(1, expected)), *((expected + found[0],) if alpha else ()))
    return PageSamples(mode, taken, alpha, alpha and extras[found[0]] == ASSOCIATED)


def list_extras(page: Any) -> tuple[int, ...]:
    """Return what every sample after the colours is: as many kinds as there are such samples.

    A page that tells of too few has samples of no kind after those. RGB with a fourth sample and
    no word about it is what some programs write for transparency, and readers take it so.
    """
    mode, expected = _find_colours(page)
    more, told = max(0, int(page.samplesperpixel) - expected), _read_extras(page)
    if (mode, more) == ("RGB", 1) and not told and _EXTRA_SAMPLES not in page.tags:
        return (UNASSOCIATED,)
    kinds = told + (0,) * more
    return kinds[:more]


def _read_extras(page: Any) -> tuple[int, ...]:
    return tuple(int(kind) for kind in page.extrasamples)


def _find_colours(page: Any) -> tuple[str, int]:
    """Return the colour mode, and how many samples are colour."""
    stored, told = page.samplesperpixel, len(_read_extras(page))
    mode = MODES.get(int(page.photometric), "MULTICHANNEL")
    if mode == "YCBCR" and page.compression in JPEG:
        mode = "RGB"  # the decoder converts
    expected = _COLOURS.get(mode, max(1, stored - told))
    if stored < expected:
        return ("GRAY", 1) if stored < 3 else ("RGB", 3)
    if mode == "CMYK" and stored - told > 4:
        return "MULTICHANNEL", stored - told
    return mode, expected


def describe_colour(page: Any, samples: PageSamples) -> Colour:
    """Return the way from the page's samples to sRGB."""
    lab = int(page.photometric)
    bits = page.bitspersample if isinstance(page.bitspersample, int) else 0
    filled = bits in (0, 8, 16, 32, 64)
    return Colour(
        mode=samples.mode,
        icc=page.iccprofile or None,
        palette=_read_palette(page),
        inverted=int(page.photometric) == 0,
        signed_lab=lab == 8,
        colours=len(samples.taken) - samples.alpha,
        levels=0 if filled else (1 << bits) - 1,
        premultiplied=samples.premultiplied,
    )


def read_display(page: Any) -> tuple[float, float] | None:
    """Return what the file says is shown as black and as white: by ImageJ, or by its tags."""
    told = page.parent.imagej_metadata or {}
    low, high = told.get("min"), told.get("max")
    if low is None or high is None:
        low, high = (_first(page, code) for code in (_LEAST, _GREATEST))
    try:
        return float(low or 0), float(high)
    except (TypeError, ValueError):
        return None


def _first(page: Any, code: int) -> Any:
    tag = page.tags.get(code)
    value = tag.value if tag is not None else None
    return value[0] if isinstance(value, tuple) and value else value


def _read_palette(page: Any) -> Pixels | None:
    """Return (entries, 3) uint8 from the colour map, or None."""
    table = read_colour_map(page)
    if table is None:
        return None
    wide = table.astype(np.uint32)
    scaled = wide if int(wide.max()) < 256 else (wide + 128) // 257
    return np.asarray(np.minimum(scaled, 255), np.uint8)


def read_colour_map(page: Any) -> Pixels | None:
    """Return (entries, 3) whole numbers: the colours of a palette; None where there are none."""
    if int(page.photometric) != 3 or page.colormap is None or page.dtype.kind not in "ub":
        return None
    # More colours than the samples have numbers for belong to none.
    table = np.asarray(page.colormap)[..., : 1 << min(16, page.bitspersample)]
    sound = table.dtype.kind == "u" and table.ndim == 2 and table.shape[0] == 3
    return table.T if sound and table.size else None
