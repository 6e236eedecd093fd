"""HEIC and HEIF through pillow-heif, which the ``[heif]`` extra brings."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import MissingExtra

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")
_HEAD = 64


def prepare_heif(path: str) -> None:
    """Have Pillow read HEIF where the file is one.

    Raises:
        MissingExtra: The extra is missing; the message names the pip command.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:  # whoever opens the file says it better
        return
    if head[4:8] != b"ftyp" or head[8:12] not in _BRANDS or any(one in head for one in _AVIF):
        return
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtra(path, "HEIC and HEIF files need", "heif") from error
    pillow_heif.register_heif_opener()
