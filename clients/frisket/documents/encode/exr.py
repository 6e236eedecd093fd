"""An OpenEXR file written in chunks of 16 rows: bounded memory, chunks compressed side by side.

The layout is that of "OpenEXR File Layout"; compression is ZIP, which every reader knows.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..core.pixels import Pixels, as_bytes
from ..io.output import Output
from ..io.parallel import map_ordered
from .beside import Beside, Place

_MAGIC, _VERSION = b"v/1\x01", 2
_ZIP, _INCREASING = 3, 0
_CHUNK_ROWS = 16
_BAND_ROWS = 512  # rows that are read at a time
_KINDS = {2: 1, 4: 2}  # bytes of a sample: half and float
_BRIGHTEST = 65504.0  # of a half
_LEVEL = 4


@dataclass(frozen=True)
class ExrPlan:
    """What the image is.

    Attributes:
        width: Columns.
        height: Rows.
        channels: Names in the order that samples are given in.
        dtype: float16 or float32.
        at: Where it lies on the canvas, in the file's own coordinates: x, y.
        canvas: x, y, width and height of the display window.
        primaries: Chromaticities x, y of red, green, blue and white, or none.
        texts: More attributes of text, by name.
        dots: Samples an inch across, or 0.
        aspect: Samples an inch down as a share of those across: width by height of a pixel.
    """

    width: int
    height: int
    channels: tuple[str, ...]
    dtype: np.dtype[np.generic]
    at: tuple[int, int] = (0, 0)
    canvas: tuple[int, int, int, int] = (0, 0, 0, 0)
    primaries: tuple[float, ...] = ()
    texts: tuple[tuple[str, bytes], ...] = ()
    dots: float = 0.0
    aspect: float = 1.0

    def tell(self, beside: Beside) -> ExrPlan:
        """Return the same with what goes along with the pixels."""
        across, down = beside.resolution or (0.0, 0.0)
        place = beside.place or Place((0, 0), (0, 0, self.width, self.height))
        return replace(
            self, at=place.at, canvas=place.canvas, texts=beside.list_texts(), dots=across,
            aspect=down / across if across else 1.0,
        )  # fmt: skip

    @property
    def raw_bytes(self) -> int:
        """Bytes of all samples."""
        return self.width * self.height * len(self.channels) * self.dtype.itemsize

    @property
    def order(self) -> list[int]:
        """Numbers of the channels in the order of their names, which is that of the file."""
        return sorted(range(len(self.channels)), key=lambda at: self.channels[at])


def write_exr(out: Output, plan: ExrPlan, read: Callable[[int, int], Pixels]) -> None:
    """Write an image whose rows ``read(first, last)`` gives as (rows, width, channels), floats."""
    out.write(_pack_header(plan))
    count = -(-plan.height // _CHUNK_ROWS)
    table = out.tell()
    out.write(bytes(8 * count))
    places, at = [], table + 8 * count
    bands = _read_chunks(plan, read)
    for y, data in map_ordered(lambda chunk: _compress(plan, chunk), bands, ahead=8):
        places.append(at)
        out.write(struct.pack("<iI", plan.at[1] + y, len(data)) + data)
        at += 8 + len(data)
    out.patch(table, struct.pack(f"<{count}Q", *places))


def round_to_half(values: Pixels) -> Pixels:
    """Return floats as halves, rounded to nearest; what is brighter than any half is the most."""
    known = np.clip(np.nan_to_num(values, nan=0.0), -_BRIGHTEST, _BRIGHTEST)
    return np.asarray(known, np.float16)


def _pack_header(plan: ExrPlan) -> bytes:
    x, y = plan.at
    left, top, width, height = plan.canvas
    kind = _KINDS[plan.dtype.itemsize]
    names = [plan.channels[at].encode() for at in plan.order]
    channels = b"".join(name + b"\0" + struct.pack("<iBxxxii", kind, 0, 1, 1) for name in names)
    fields = [
        ("channels", b"chlist", channels + b"\0"),
        ("compression", b"compression", bytes((_ZIP,))),
        ("dataWindow", b"box2i",
         struct.pack("<4i", x, y, x + plan.width - 1, y + plan.height - 1)),
        ("displayWindow", b"box2i",
         struct.pack("<4i", left, top, left + width - 1, top + height - 1)),
        ("lineOrder", b"lineOrder", bytes((_INCREASING,))),
        ("pixelAspectRatio", b"float", struct.pack("<f", plan.aspect)),
        ("screenWindowCenter", b"v2f", bytes(8)),
        ("screenWindowWidth", b"float", struct.pack("<f", 1.0)),
        *((name, b"string", text) for name, text in plan.texts),
    ]  # fmt: skip
    if plan.primaries:
        packed = struct.pack("<8f", *plan.primaries)
        fields.append(("chromaticities", b"chromaticities", packed))
    if plan.dots:
        fields.append(("xDensity", b"float", struct.pack("<f", plan.dots)))
    packed = b"".join(
        name.encode() + b"\0" + form + b"\0" + struct.pack("<i", len(data)) + data
        for name, form, data in fields
    )
    return _MAGIC + struct.pack("<i", _VERSION) + packed + b"\0"


def _read_chunks(plan: ExrPlan, read: Callable[[int, int], Pixels]) -> Iterator[tuple[int, Pixels]]:
    """Yield the first row of every chunk and its samples, (rows, width, channels)."""
    for top in range(0, plan.height, _BAND_ROWS):
        band = read(top, min(top + _BAND_ROWS, plan.height))
        for y in range(0, len(band), _CHUNK_ROWS):
            yield top + y, band[y : y + _CHUNK_ROWS]


def _compress(plan: ExrPlan, chunk: tuple[int, Pixels]) -> tuple[int, bytes]:
    """Return a chunk's first row and its data: row by row, channel by channel, then packed.

    Bytes at even places come first, then those at odd ones; each becomes the difference to the
    one before it. What would grow is stored as it is.
    """
    y, values = chunk
    little = plan.dtype.newbyteorder("<")
    planes = np.ascontiguousarray(values[..., plan.order].transpose(0, 2, 1).astype(little))
    raw = np.frombuffer(as_bytes(planes), np.uint8)
    split = np.concatenate([raw[0::2], raw[1::2]])
    steps = split.copy()
    steps[1:] = split[1:] - split[:-1] + np.uint8(128)
    packed = zlib.compress(as_bytes(steps), _LEVEL)
    return y, packed if len(packed) < raw.size else raw.tobytes()
