"""What a flat image says beside its pixels, from what Pillow found in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..encode.beside import Beside, Chunk
from ..encode.described import (
    Description,
    find_exif_resolution,
    make_comment,
    make_resolution,
    read_exif,
)
from ..encode.readable import find_iptc, keep_readable
from .chunks import list_png
from .codings import make_points, tell_coding
from .gain_maps import has_gain_map

if TYPE_CHECKING:
    from PIL import Image

_RESOURCES, _EXTENSION = b"Photoshop 3.0\0", b"http://ns.adobe.com/xmp/extension/\0"
_TO_PNG = (b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"sRGB", b"cICP")
_XMP = b"XML:com.adobe.xmp\0"
_PROFILES = (b"Raw profile type", b"exif:", b"date:")  # which ImageMagick writes beside the real
_MOST_CHUNKS = 1 << 22


def read_beside(image: Image.Image, path: str, turned: bool, narrowed: int = 0) -> Beside:
    """Return what goes along with an image.

    Args:
        image: As Pillow opened it.
        path: Its file.
        turned: Whether it is turned by a quarter to be upright.
        narrowed: The bits of its samples where they are read as 8, else 0.
    """
    info = image.info
    exif = info.get("exif") or b""
    description = _add_comment(read_exif(exif), info.get("comment"))
    iptc, unread = find_iptc(_join_resources(image))
    gains = ("its gain map",) if has_gain_map(path, image) else ()
    beside = Beside(
        resolution=_find_resolution(info, exif),
        description=description,
        xmp=_take_bytes(info.get("xmp")),
        iptc=iptc,
        png=_read_chunks(path) if image.format == "PNG" else make_points(tell_coding(path, image)),
        lost=(
            *_name_frames(image, gains), *_name_bits(narrowed), *gains, *_name_profile(info),
        ),
        unread=(*unread, *_name_extension(image)),
    )  # fmt: skip
    return keep_readable(beside.turn() if turned else beside)


def _list_segments(image: Image.Image, name: str, head: bytes) -> list[bytes]:
    """Return what the segments of a JPEG hold that begin so."""
    found = getattr(image, "applist", ())
    return [data[len(head) :] for one, data in found if one == name and data.startswith(head)]


def _join_resources(image: Image.Image) -> bytes:
    """Return the image resources of a JPEG; programs cut a long block wherever it is."""
    return b"".join(_list_segments(image, "APP13", _RESOURCES))


def _name_extension(image: Image.Image) -> tuple[str, ...]:
    """Name the part of a JPEG's XMP that does not fit into one segment."""
    more = _list_segments(image, "APP1", _EXTENSION)
    return ("the part of its XMP beyond the first segment",) if more else ()


def _name_profile(info: dict[Any, Any]) -> tuple[str, ...]:
    """Name a profile that Pillow could not put together."""
    is_damaged = "icc_profile" in info and info["icc_profile"] is None
    return ("its colour profile, which is damaged",) if is_damaged else ()


def _name_frames(image: Image.Image, gains: tuple[str, ...]) -> tuple[str, ...]:
    try:
        frames = int(getattr(image, "n_frames", 1))
    except Exception:  # damage behind the first frame costs only what lies there
        return ("the frames after the first",)
    if image.format == "MPO":  # a gain map stands there as one more picture
        frames -= len(gains)
    if frames < 2:
        return ()
    return (
        "the frame after the first" if frames == 2 else f"the {frames - 1} frames after the first",
    )


def _name_bits(narrowed: int) -> tuple[str, ...]:
    """Name what a reader narrows."""
    return (f"more than 8 bits of its {narrowed} a sample",) if narrowed > 8 else ()


def _take_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


def _add_comment(found: Description, remark: Any) -> Description:
    if not isinstance(remark, bytes) or not remark.strip(b"\0 "):
        return found
    if any(tag.code == 270 for tag in found.main):
        return found
    return replace(found, main=(make_comment(remark), *found.main))


def _find_resolution(info: dict[Any, Any], exif: bytes) -> tuple[float, float] | None:
    """Return samples an inch; Pillow invents some for a JPEG whose EXIF has none."""
    told = info.get("dpi")
    invented = "exif" in info and info.get("jfif_unit") not in (1, 2)
    if told is not None and not ("jfif" in info and invented):
        return make_resolution(*(float(one) for one in told))
    return find_exif_resolution(exif)


def _read_chunks(path: str) -> tuple[Chunk, ...]:
    """Return chunks that another PNG takes; XMP and EXIF in their old disguises stay behind."""
    data = Path(path).read_bytes()
    found = []
    for chunk in list_png(data):
        body = data[chunk.start : chunk.start + chunk.length]
        disguised = body.startswith((*_PROFILES, _XMP))
        if chunk.name in _TO_PNG and not disguised and len(body) < _MOST_CHUNKS and chunk.sound:
            found.append((chunk.name, body))
    return tuple(found)
