"""What an artist has marked in the image: strokes on a layer, and anchors of a path."""

from __future__ import annotations

from gi.repository import Gegl, Gimp

from frisket.client.options import HintSet, Point
from frisket.hosts.language import _
from frisket.hosts.request import Refused
from frisket.hosts.strokes import STROKES, explain_colours, find_hints
from frisket.protocol.limits import MAX_POINTS
from frisket_gimp.layers import reduce_buffer

_SIDE = 256
# What the strokes layer remembers: the layer that it marks.
_MARKED = "frisket-marked-layer"


def find_strokes(image: Gimp.Image) -> Gimp.Layer | None:
    """Return the layer of strokes of an image, if there is one."""
    return next((one for one in image.get_layers() if one.get_name() == STROKES), None)


def remember_marked(strokes: Gimp.Layer, layer: Gimp.Layer) -> None:
    """Note in the strokes layer which layer it marks; a saved image keeps it."""
    tattoo = str(layer.get_tattoo()).encode()
    strokes.attach_parasite(Gimp.Parasite.new(_MARKED, 1, tattoo))


def find_marked_layer(strokes: Gimp.Layer) -> Gimp.Layer | None:
    """Return the layer that a strokes layer marks, if it is still there."""
    parasite = strokes.get_parasite(_MARKED)
    if parasite is None:
        return None
    text = bytes(parasite.get_data())
    return strokes.get_image().get_layer_by_tattoo(int(text)) if text.isdigit() else None


class Picture:
    """The strokes over a layer, reduced to a few cells.

    Attributes:
        rgba: rows of 8-bit cells.
        width: cells in a row.
        height: rows of cells.
    """

    def __init__(self, strokes: Gimp.Layer, layer: Gimp.Layer) -> None:
        self._full = layer.get_width(), layer.get_height()
        scale = min(1.0, _SIDE / max(self._full))
        self.width = max(1, round(self._full[0] * scale))
        self.height = max(1, round(self._full[1] * scale))
        _, left, top = strokes.get_offsets()
        _, x, y = layer.get_offsets()
        origin = round((x - left) * scale), round((y - top) * scale)
        none, size = Gegl.AbyssPolicy.NONE, (self.width, self.height)
        self.rgba = reduce_buffer(strokes.get_buffer(), size, scale, "R'G'B'A u8", origin, none)

    def read(self) -> HintSet:
        """Return the hints."""
        return find_hints(self.rgba, self.width, self.height, self._full)

    def explain(self) -> str:
        """Return what to say of colours that do not count."""
        return explain_colours(self.rgba, self.width, self.height)


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
