"""What an artist has marked in the image: strokes on a layer, and anchors of a path."""

from __future__ import annotations

from functools import cached_property

from gi.repository import Gimp, GLib

from frisket.client.options import HintSet, LayerSpec, Point
from frisket.hosts.band import split_hair, widen_band
from frisket.hosts.language import _
from frisket.hosts.planes import intersect
from frisket.hosts.request import Refused
from frisket.hosts.shallow import SAMPLE_BYTES, bend, shorten
from frisket.hosts.strokes import STROKES, explain_colours, explain_place, find_hints
from frisket.protocol.grid import TileRect
from frisket.protocol.limits import MAX_POINTS

_SIDE = 256
# What the strokes layer remembers: the layer that it marks.
_MARKED = "frisket-marked-layer"
# The numbers that are noted are GIMP's or seconds since 1970: 32 bits, which are ten digits.
_BEYOND, _MOST_DIGITS = 1 << 32, 10


def find_strokes(image: Gimp.Image) -> Gimp.Layer | None:
    """Return the layer of strokes of an image, if there is one."""
    return next((one for one in image.get_layers() if one.get_name() == STROKES), None)


def remember_marked(strokes: Gimp.Layer, layer: Gimp.Layer) -> None:
    """Note in the strokes layer which layer it marks; a saved image keeps it."""
    tattoo = str(layer.get_tattoo()).encode()
    strokes.attach_parasite(Gimp.Parasite.new(_MARKED, 1, tattoo))


def find_marked_layer(strokes: Gimp.Layer) -> Gimp.Layer | None:
    """Return the layer that a strokes layer marks, if it is still there."""
    tattoo = read_number(strokes, _MARKED)
    return None if tattoo is None else strokes.get_image().get_layer_by_tattoo(tattoo)


def read_number(item: Gimp.Item, name: str) -> int | None:
    """Return the number that was noted in a layer or channel; a file may hold anything there."""
    parasite = item.get_parasite(name)
    text = bytes(parasite.get_data()) if parasite is not None else b""
    number = int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else _BEYOND
    return number if number < _BEYOND else None


class Picture:
    """The strokes over a layer, reduced to a few cells by GIMP itself.

    Attributes:
        rgba: rows of 8-bit cells.
        width: cells in a row.
        height: rows of cells.
        is_blank: nothing is painted over the layer.
    """

    def __init__(self, strokes: Gimp.Layer, layer: Gimp.Layer) -> None:
        self._full = layer.get_width(), layer.get_height()
        scale = min(1.0, _SIDE / max(self._full))
        self.width = max(1, round(self._full[0] * scale))
        self.height = max(1, round(self._full[1] * scale))
        rgba = _read_cells(strokes, layer, (self.width, self.height))
        self.is_blank = not any(rgba[3::4])
        coloured = strokes.is_rgb()
        self.rgba = rgba if coloured else _colour(rgba)

    @cached_property
    def _parts(self) -> tuple[bytes, bytes]:
        return split_hair(self.rgba)

    @property
    def has_hair(self) -> bool:
        """Whether hair is brushed over."""
        return any(self._parts[1])

    def read(self) -> HintSet:
        """Return the hints; those of hair need `widen`."""
        return find_hints(self._parts[0], self.width, self.height, self._full)

    def widen(self, hints: HintSet, spec: LayerSpec, mask: bytes) -> HintSet:
        """Return hints that have a mask's edge searched anew, widely where hair is brushed over.

        Args:
            hints: what `read` returns.
            spec: the layer's sizes.
            mask: 8-bit rows of the proxy's size.
        """
        return widen_band(hints, spec, mask, self._parts[1], (self.width, self.height))

    def explain(self) -> str:
        """Return what to say of colours that do not count."""
        return explain_colours(self._parts[0], self.width, self.height)


def is_painted(strokes: Gimp.Layer) -> bool:
    """Tell whether anything is painted on a layer of strokes, wherever it is."""
    return not Picture(strokes, strokes).is_blank


def explain_strokes(picture: Picture, strokes: Gimp.Layer, layer: Gimp.Layer) -> str:
    """Return what to say of strokes that do not count; empty for nothing."""
    if picture.is_blank and is_painted(strokes):
        return explain_place(layer.get_name())
    return picture.explain()


def find_marks(image: Gimp.Image, layer: Gimp.Layer, use_path: bool) -> HintSet:
    """Return what is marked of a layer.

    Raises:
        Refused: strokes that say nothing, or no path where one is to be used.
    """
    strokes = find_strokes(image)
    hints = HintSet()
    if strokes is not None and strokes.get_visible() and strokes != layer:
        picture = Picture(strokes, layer)
        hints = picture.read()
        if not hints.strokes and (complaint := picture.explain()):
            raise Refused(complaint)
    if not use_path:
        return hints
    return HintSet(strokes=hints.strokes, points=tuple(_read_anchors(image, layer)))


def _read_anchors(image: Gimp.Image, layer: Gimp.Layer) -> list[Point]:
    """Return the anchors of the selected paths that lie on a layer, as points on the subject."""
    left, top = layer.get_offsets()[1:]
    width, height = layer.get_width(), layer.get_height()
    found = []
    for path in image.get_selected_paths():
        for stroke in path.get_strokes():
            numbers = path.stroke_get_points(stroke)[1]
            # An anchor stands between its two handles: six numbers for each.
            for x, y in zip(numbers[2::6], numbers[3::6]):  # noqa: B905
                point = Point(int(x) - left, int(y) - top)
                if 0 <= point.x < width and 0 <= point.y < height:
                    found.append(point)
    if not found:
        raise Refused(
            _("No path is selected that has anchors on the layer. Draw one and try again.")
        )
    return found[:MAX_POINTS]


def _read_cells(strokes: Gimp.Layer, layer: Gimp.Layer, size: tuple[int, int]) -> bytes:
    """Return the strokes over a layer as RGBA rows of `size`, blank where there are none."""
    left, top = strokes.get_offsets()[1:]
    x, y = layer.get_offsets()[1:]
    over = TileRect(x - left, y - top, layer.get_width(), layer.get_height())
    part = intersect(over, strokes.get_width(), strokes.get_height())
    rows = bytearray(4 * size[0] * size[1])
    if part is None:
        return bytes(rows)
    across, down = size[0] / over.width, size[1] / over.height
    first = int((part.x - over.x) * across), int((part.y - over.y) * down)
    wide = max(1, min(size[0] - first[0], round(part.width * across)))
    high = max(1, min(size[1] - first[1], round(part.height * down)))
    seen = strokes.get_sub_thumbnail_data(part.x, part.y, part.width, part.height, wide, high)
    cells, wide, high = _to_rgba(seen, strokes.get_image().get_precision().value_nick)
    for row in range(min(high, size[1] - first[1])):
        start = 4 * ((first[1] + row) * size[0] + first[0])
        line = cells[row * wide * 4 : (row + 1) * wide * 4]
        line = line[: 4 * (size[0] - first[0])]
        rows[start : start + len(line)] = line
    return bytes(rows)


def _to_rgba(seen: tuple[GLib.Bytes, int, int, int], precision: str) -> tuple[bytes, int, int]:
    """Return a thumbnail as GIMP hands it over with four bytes a cell, and its size.

    Args:
        seen: samples as deep as the image's own, width, height, and the bytes of a cell.
        precision: GIMP's name for the samples, such as "u16-linear".
    """
    data, width, height, size = seen
    kind, _dash, curve = precision.partition("-")
    samples = shorten(bytes(data.get_data()), kind)
    count = size // SAMPLE_BYTES[kind]
    out = bytearray(b"\xff" * (4 * width * height))
    grey = count < 3
    for channel in range(3):
        plane = samples[0 if grey else channel :: count]
        out[channel::4] = bend(plane) if curve == "linear" else plane
    if count in (2, 4):
        out[3::4] = samples[count - 1 :: count]
    return bytes(out), width, height


def _colour(rgba: bytes) -> bytes:
    """Return strokes of an image without colours: bright ones keep, dark ones remove.

    GIMP multiplies a cell's value by its alpha: the soft edge of a white stroke is dark.
    """
    out = bytearray(rgba)
    grey, alpha = rgba[1::4], rgba[3::4]
    out[0::4] = bytes(255 * (3 * g < a) for g, a in zip(grey, alpha))  # noqa: B905
    out[1::4] = bytes(255 * (3 * g > 2 * a) for g, a in zip(grey, alpha))  # noqa: B905
    out[2::4] = bytes(len(grey))
    return bytes(out)
