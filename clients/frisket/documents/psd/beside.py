"""What a PSD says beside its pixels, from its image resources."""

from __future__ import annotations

import struct

from ..encode.beside import Beside
from ..encode.described import make_resolution, read_exif
from ..encode.readable import keep_readable
from ..io.source import Source
from .structure import Structure

_RESOLUTION, _IPTC, _EXIF, _XMP = 1005, 1028, 1058, 1060
_FIXED = 1 << 16  # resolutions are fixed-point numbers, always samples an inch
_LARGEST = 1 << 26
_DAMAGED = "what the damaged part of its image resources held (profile, EXIF, XMP or IPTC)"


def read_beside(source: Source, structure: Structure) -> Beside:
    """Return what goes along with any layer of the document."""

    def take(number: int) -> bytes:
        found = structure.find_resource(number)
        if found is None or not 0 < found.length <= _LARGEST:
            return b""
        return source.read(found.data, found.length)

    beside = Beside(
        resolution=_read_resolution(take(_RESOLUTION)),
        description=read_exif(take(_EXIF)),
        xmp=take(_XMP),
        iptc=take(_IPTC),
        lost=() if structure.resources_whole else (_DAMAGED,),
    )
    return keep_readable(beside)


def _read_resolution(data: bytes) -> tuple[float, float] | None:
    if len(data) < 16:
        return None
    across, down = struct.unpack_from(">I4xI", data)
    return make_resolution(across / _FIXED, down / _FIXED)
