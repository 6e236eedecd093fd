"""Takes out of a file's description what tells where, and with which very camera."""

from __future__ import annotations

import re
from dataclasses import replace

from frisket.documents.encode.beside import Beside

# Serial numbers of camera, body and lens, the owner, the unique number of the picture, and the
# maker's own notes, which hold them again.
_SERIALS = frozenset((37500, 42016, 42032, 42033, 42037, 50735))
_HOSTS = frozenset((316,))
_NAMES = (
    rb"[\w.-]+:(?:(?i:GPS)\w*|\w*SerialNumber|OwnerName|CameraOwnerName|ImageUniqueID|Location\w*|City|"
    rb"State|Country\w*|Sublocation|DocumentID|InstanceID|OriginalDocumentID)"
)
_ATTRIBUTE = re.compile(rb"\s+" + _NAMES + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_ELEMENT = re.compile(rb"<(" + _NAMES + rb")(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)", re.DOTALL)


def make_private(beside: Beside) -> Beside:
    """Return what goes along with a picture, without place, serial numbers and owner.

    The IPTC record goes whole, since places stand in its free text; XMP keeps its rights.
    """
    told = beside.description
    photo = tuple(tag for tag in told.photo if tag.code not in _SERIALS)
    main = tuple(tag for tag in told.main if tag.code not in _SERIALS | _HOSTS)
    xmp = _ELEMENT.sub(b"", _ATTRIBUTE.sub(b"", beside.xmp))
    kept = tuple(chunk for chunk in beside.png if chunk[0] not in (b"tEXt", b"zTXt", b"iTXt"))
    return replace(
        beside, description=replace(told, main=main, photo=photo, place=()), xmp=xmp, iptc=b"",
        png=kept,
    )  # fmt: skip
