"""The pictures of an OpenEXR file: its parts, and the layers that channel names tell of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import MissingExtra, UnreadableDocument, UnsupportedDocument
from ..io.limits import check_raster

_MOST_PARTS = 1024
# What programs call the layer that is the whole picture, where it has a name.
_WHOLE = ("rgba", "rgb", "beauty", "combined")
_COLOURS, _ALPHA, _GREY = ("R", "G", "B"), "A", "Y"


@dataclass(frozen=True)
class Picture:
    """One layer: channels of a part that are seen together.

    Attributes:
        part: The number of its part.
        name: Its path, with ``/`` between names; empty for the picture without a name.
        taken: Numbers of its channels in the part: colours, then transparency where there is any.
        alpha: Whether the last one is transparency.
        half: Whether its floats are halves.
    """

    part: int
    name: str
    taken: tuple[int, ...]
    alpha: bool
    half: bool


def open_file(path: str) -> Any:
    """Open a file; its input gives parts and pixels.

    Raises:
        MissingExtra: The extra is missing; the message names the pip command.
        UnreadableDocument: The file is damaged.
    """
    try:
        import OpenImageIO
    except ImportError as error:
        raise MissingExtra(path, "OpenEXR files need", "exr") from error
    found = OpenImageIO.ImageInput.open(path)
    reason = explain(path, OpenImageIO)
    if found is None or found.format_name() != "openexr":
        raise UnreadableDocument(path, f"the OpenEXR file cannot be read ({reason})")
    return found


def explain(path: str, source: Any) -> str:
    """Return what the library, or an input of it, says is wrong, in a few words.

    What nobody asks for it would print when the program ends.
    """
    try:
        told = str(source.geterror())
    except UnicodeDecodeError:  # it quotes the file
        told = ""
    line = told.replace(f" ({path})", "").strip().split("\n")[0]
    return line.removeprefix("EXR Error: ") or "it is damaged"


def list_pictures(path: str, found: Any) -> tuple[list[Picture], list[str]]:
    """Return the pictures, that without a name first, and the names of all other channels.

    Raises:
        UnsupportedDocument: There is none.
        UnreadableDocument: A part has no believable size.
    """
    pictures, others = [], []
    for number, spec in _list_parts(found):
        check_raster(path, spec.width, spec.height, spec.nchannels)
        names = list(spec.channelnames)
        kinds = [str(one) for one in spec.channelformats] or [str(spec.format)] * len(names)
        label = _read_text(spec, "oiio:subimagename") if number else ""
        own = [] if spec.deep else list(_group(number, label, names, kinds))
        used = {at for picture in own for at in picture.taken}
        pictures += own
        others += [name for at, name in enumerate(names) if at not in used]
    if not pictures:
        raise UnsupportedDocument(
            path, "the OpenEXR file holds no channels R, G and B, or Y, of a flat picture",
            advice="save it with them",
        )  # fmt: skip
    return sorted(pictures, key=_rank), others


def _list_parts(found: Any) -> Iterator[tuple[int, Any]]:
    for number in range(_MOST_PARTS):
        spec = found.spec(number, 0)
        if not spec.nchannels:  # there are no more
            return
        yield number, spec


def _group(part: int, label: str, names: Sequence[str], kinds: Sequence[str]) -> Iterator[Picture]:
    """Yield the layers of a part: channels with the same name before the last dot."""
    layers: dict[str, dict[str, int]] = {}
    for at, name in enumerate(names):
        prefix, _, last = name.rpartition(".")
        layers.setdefault(prefix, {}).setdefault(last.upper(), at)
    for prefix, there in layers.items():
        wanted = _COLOURS if set(_COLOURS) <= there.keys() else (_GREY,)
        if not set(wanted) <= there.keys():
            continue
        alpha = _ALPHA in there
        taken = tuple(there[name] for name in (*wanted, *([_ALPHA] * alpha)))
        name = "/".join(filter(None, (label, *prefix.split("."))))
        yield Picture(part, name, taken, alpha, all(kinds[at] == "half" for at in taken))


def _rank(picture: Picture) -> tuple[bool, bool, int]:
    """Put the picture without a name first, then one that is called the whole."""
    last = picture.name.rpartition("/")[2].lower()
    return bool(picture.name), last not in _WHOLE, picture.part


def _read_text(spec: Any, name: str) -> str:
    try:
        return str(spec.getattribute(name) or "")
    except UnicodeDecodeError:
        return ""
