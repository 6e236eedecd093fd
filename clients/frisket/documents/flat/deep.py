"""Pictures that Pillow narrows to 8 bits or misreads: told by their headers, decoded by others."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

    from ..core.pixels import Pixels

from .chunks import keep_pixels

_HEAD = 1 << 16
# Where the header of a PNG has its depth and its colour type, and what colour types mean.
_PNG_DEPTH_AT, _PNG_KIND_AT = 24, 25
_GREY_PNG, _ALPHA_PNG = (0, 4), (4, 6)
_CHANNELS = {"L": 1, "I;16": 1, "I": 1, "LA": 2, "RGB": 3, "RGBA": 4}


@dataclass(frozen=True)
class Deep:
    """What the file says of its samples, and who reads them.

    Attributes:
        mode: GRAY or RGB.
        alpha: Whether the last channel is transparency.
        depth: Bits of the samples that ``decode`` gives: 8, 16 or 32 (float).
        levels: The greatest number of samples that do not fill their type, or 0.
        decode: From the file's bytes to (height, width, channels), not yet upright.
    """

    mode: str
    alpha: bool
    depth: int
    decode: Callable[[bytes], Pixels]
    levels: int = 0

    @property
    def channels(self) -> int:
        """Channels of the decoded picture."""
        return (1 if self.mode == "GRAY" else 3) + self.alpha


def describe_deep(path: str, image: Image.Image) -> Deep | None:
    """Return how to read a picture that Pillow does not read as it is; None for all others."""
    describe = _DESCRIBED.get(image.format or "")
    if describe is None:
        return None
    with Path(path).open("rb") as file:
        return describe(file.read(_HEAD), image)


def _describe_png(head: bytes, image: Image.Image) -> Deep | None:
    depth, kind = head[_PNG_DEPTH_AT], head[_PNG_KIND_AT]
    clear = "transparency" in image.info
    # Pillow compares the clear shade of 2 and 4 bits with samples that it has widened to 8.
    if depth != 16 and not (kind == 0 and depth < 8 and clear):
        return None
    mode = "GRAY" if kind in _GREY_PNG else "RGB"
    return Deep(mode, kind in _ALPHA_PNG or clear, 16 if depth == 16 else 8, _decode_png)


def _decode_png(data: bytes) -> Pixels:
    import imagecodecs

    return _as_planes(imagecodecs.png_decode(keep_pixels(data)))


def _describe_netpbm(head: bytes, image: Image.Image) -> Deep | None:
    if head[:2] in (b"Pf", b"PF"):
        return Deep("GRAY" if head[:2] == b"Pf" else "RGB", False, 32, _decode_float_map)
    if head[:2] not in (b"P2", b"P3", b"P5", b"P6"):
        return None
    top = _read_netpbm_head(head)[0][2]
    mode = "GRAY" if head[:2] in (b"P2", b"P5") else "RGB"
    return Deep(mode, False, 16, _decode_netpbm, levels=top % 65535) if top > 255 else None


def _read_netpbm_head(data: bytes) -> tuple[tuple[int, int, int], int]:
    """Return width, height and greatest number, and where the samples begin."""
    found: list[int] = []
    at = 2
    while len(found) < 3:
        while data[at : at + 1].isspace():
            at += 1
        if data[at : at + 1] == b"#":
            at = data.index(b"\n", at)
            continue
        end = at
        while data[end : end + 1].isdigit():
            end += 1
        found.append(int(data[at:end]))
        at = end
    return (found[0], found[1], found[2]), at + 1


def _decode_netpbm(data: bytes) -> Pixels:
    import numpy as np

    (width, height, _), at = _read_netpbm_head(data)
    channels = 3 if data[1:2] in b"36" else 1
    count = width * height * channels
    if data[1:2] in b"23":  # numbers as text
        values = np.array(data[at:].split()[:count], np.uint16)
    else:
        values = np.frombuffer(data, ">u2", count, at).astype(np.uint16)
    return values.reshape(height, width, channels)


def _decode_float_map(data: bytes) -> Pixels:
    """Decode a portable float map, whose rows run upwards."""
    import numpy as np

    kind, size, scale = data[:256].split(b"\n", 3)[:3]
    width, height = (int(one) for one in size.split())
    channels = 3 if kind == b"PF" else 1
    start = len(kind) + len(size) + len(scale) + 3
    order = "<" if float(scale) < 0 else ">"
    values = np.frombuffer(data, f"{order}f4", width * height * channels, start)
    return values.reshape(height, width, channels)[::-1].astype(np.float32)


def find_narrowed_bits(path: str, image: Image.Image) -> int:
    """Return the bits of samples that Pillow reads as 8; 0 where it keeps them."""
    if image.format not in ("JPEG2000", "HEIF") or describe_deep(path, image) is not None:
        return 0
    if image.format == "HEIF":
        told = image.info.get("bit_depth")
        return told if isinstance(told, int) and told > 8 else 0
    with Path(path).open("rb") as file:
        kinds = _list_components(file.read(_HEAD))
    bits = max((1 + (kind & 0x7F) for kind in kinds), default=0)
    return bits if bits > 8 else 0


def _list_components(head: bytes) -> list[int]:
    """Return the sample kinds of a JPEG 2000 codestream: bits less 1, and 128 for signed ones."""
    at = head.find(b"\xff\x4f\xff\x51")  # its start, and its sizes
    if at < 0 or at + 42 > len(head):
        return []
    count = struct.unpack_from(">H", head, at + 40)[0]
    return list(head[at + 42 : at + 42 + 3 * count : 3])


def _describe_jpeg2000(head: bytes, image: Image.Image) -> Deep | None:
    kinds = _list_components(head)
    if len(set(kinds)) != 1 or kinds[0] & 0x80 or _CHANNELS.get(image.mode) != len(kinds):
        return None
    bits = kinds[0] + 1
    if not 8 < bits <= 16:
        return None
    mode, levels = "RGB" if len(kinds) > 2 else "GRAY", (1 << bits) - 1
    return Deep(mode, len(kinds) in (2, 4), 16, _decode_jpeg2000, levels=levels % 65535)


def _decode_jpeg2000(data: bytes) -> Pixels:
    import imagecodecs

    return _as_planes(imagecodecs.jpeg2k_decode(data))


def _describe_avif(head: bytes, image: Image.Image) -> Deep | None:
    at = head.find(b"av1C")
    if at < 0 or at + 7 > len(head) or not head[at + 6] & 0x40:
        return None
    bits = 12 if head[at + 6] & 0x20 else 10
    return Deep("RGB", image.mode == "RGBA", 16, _decode_avif, levels=(1 << bits) - 1)


def _decode_avif(data: bytes) -> Pixels:
    import imagecodecs
    import numpy as np

    values = _as_planes(imagecodecs.avif_decode(data))
    if values.shape[-1] < 3:  # grey, which Pillow gives as RGB
        grey = np.repeat(values[..., :1], 3, axis=-1)
        values = np.concatenate([grey, values[..., 1:]], axis=-1)
    return values


def _describe_heif(head: bytes, image: Image.Image) -> Deep | None:
    bits = image.info.get("bit_depth")
    if not isinstance(bits, int) or not 8 < bits < 16 or image.mode not in ("L", "RGB", "RGBA"):
        return None
    mode = "GRAY" if image.mode == "L" else "RGB"
    return Deep(mode, image.mode == "RGBA", 16, _decode_heif, levels=(1 << bits) - 1)


def _decode_heif(data: bytes) -> Pixels:
    """Decode HEIF of more than 8 bits, which libheif puts at the upper end of 16."""
    import io

    import numpy as np
    import pillow_heif

    image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    return _as_planes(np.asarray(image) >> np.uint16(16 - image.info["bit_depth"]))


def _as_planes(values: Any) -> Pixels:
    import numpy as np

    array = np.asarray(values)
    return array if array.ndim == 3 else array[..., None]


_DESCRIBED: dict[str, Callable[[bytes, Any], Deep | None]] = {
    "PNG": _describe_png,
    "PPM": _describe_netpbm,
    "JPEG2000": _describe_jpeg2000,
    "AVIF": _describe_avif,
    "HEIF": _describe_heif,
}
